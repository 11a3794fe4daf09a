// SPDX-License-Identifier: Apache-2.0
// A plain ERC-20 with events, for tests and the demo. Compiled with solc 0.8.37, optimiser on (200 runs), evm version paris.
pragma solidity ^0.8.20;

/// Balances stand in slot 2, decimals in slot 3: whoever places the code elsewhere sets them there.
contract Coin {
    uint256 private gap0;
    uint256 private gap1;
    mapping(address => uint256) public balanceOf;
    uint8 public decimals = 6;

    event Transfer(address indexed from, address indexed to, uint256 value);

    function mint(address holder, uint256 amount) external {
        balanceOf[holder] += amount;
        emit Transfer(address(0), holder, amount);
    }
    function transfer(address to, uint256 amount) external returns (bool) {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
        emit Transfer(msg.sender, to, amount);
        return true;
    }
}
