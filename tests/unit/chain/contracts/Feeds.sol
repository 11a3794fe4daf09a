// SPDX-License-Identifier: Apache-2.0
// Price feeds for tests and the demo. Compiled with solc 0.8.37, optimiser on (200 runs), evm version paris.
pragma solidity ^0.8.20;

/// The two functions of Chainlink's AggregatorV3Interface that a capture asks, over settable state.
contract Aggregator {
    struct Round { int256 answer; uint64 startedAt; uint64 updatedAt; }
    mapping(uint80 => Round) private rounds;
    uint80 private latest;
    uint8 public decimals = 8;
    address private owner = msg.sender;

    function setDecimals(uint8 value) external { require(msg.sender == owner); decimals = value; }
    function submit(int256 answer, uint64 updatedAt) external {
        require(msg.sender == owner);
        latest += 1;
        rounds[latest] = Round(answer, updatedAt, updatedAt);
    }
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        Round storage round = rounds[latest];
        return (latest, round.answer, round.startedAt, round.updatedAt, latest);
    }
}

/// The proxy that consumers of a feed are told: it asks the aggregator that stands in its first slot.
contract FeedProxy {
    Aggregator private aggregator;
    constructor(Aggregator target) { aggregator = target; }
    function decimals() external view returns (uint8) { return aggregator.decimals(); }
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return aggregator.latestRoundData();
    }
}
