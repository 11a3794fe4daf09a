// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// A plain token whose balances stand in slot 3, behind three slots of other state.
contract Token {
    uint256 private totalSupply_ = 1;
    address private owner_ = msg.sender;
    string private name_ = "Test";
    mapping(address => uint256) private balances;
    uint8 public decimals = 6;

    function set(address holder, uint256 amount) external { balances[holder] = amount; }
    function setDecimals(uint8 value) external { decimals = value; }
    function balanceOf(address holder) external view returns (uint256) { return balances[holder]; }
}

/// A rebasing token: a balance is shares times an index, read from two slots.
contract Rebasing {
    mapping(address => uint256) private shares;
    uint256 private index;
    uint8 public constant decimals = 18;

    function set(address holder, uint256 amount) external { shares[holder] = amount; }
    function setIndex(uint256 value) external { index = value; }
    function balanceOf(address holder) external view returns (uint256) { return shares[holder] * index / 1e18; }
}

/// A proxy whose implementation stands in the slot of EIP-1967.
contract Proxy {
    constructor(address target) { assembly { sstore(0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc, target) } }
    fallback() external payable {
        assembly {
            let target := sload(0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc)
            calldatacopy(0, 0, calldatasize())
            let ok := delegatecall(gas(), target, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if iszero(ok) { revert(0, returndatasize()) }
            return(0, returndatasize())
        }
    }
}

/// A token that refuses to answer.
contract Reverting {
    uint8 public constant decimals = 6;
    function balanceOf(address) external pure returns (uint256) { revert("not today"); }
}

/// The three functions of Multicall3 that a capture uses (mds1/multicall, same interface).
contract Multicall {
    struct Call3 { address target; bool allowFailure; bytes callData; }
    struct Result { bool success; bytes returnData; }

    function aggregate3(Call3[] calldata calls) external payable returns (Result[] memory results) {
        results = new Result[](calls.length);
        for (uint256 i = 0; i < calls.length; i++) {
            (results[i].success, results[i].returnData) = calls[i].target.call(calls[i].callData);
            require(results[i].success || calls[i].allowFailure, "Multicall3: call failed");
        }
    }
    function getBlockNumber() external view returns (uint256) { return block.number; }
    function getChainId() external view returns (uint256) { return block.chainid; }
    function getEthBalance(address holder) external view returns (uint256) { return holder.balance; }
}
