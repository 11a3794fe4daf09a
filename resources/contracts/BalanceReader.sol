// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Reads many balances in one call. It is never deployed: its code is placed at an unused address by the state
/// override of eth_call. A token that reverts or answers short makes the whole call revert; it is never read as zero.
contract BalanceReader {
    fallback(bytes calldata input) external returns (bytes memory) {
        (address token, address[] memory holders) = abi.decode(input, (address, address[]));
        uint256[] memory balances = new uint256[](holders.length);
        require(token == address(0) || token.code.length > 0, "no code at the token's address");
        for (uint256 i = 0; i < holders.length; i++) {
            if (token == address(0)) {
                balances[i] = holders[i].balance;
            } else {
                (bool ok, bytes memory answer) = token.staticcall(abi.encodeWithSelector(0x70a08231, holders[i]));
                require(ok && answer.length >= 32, "balanceOf failed");
                balances[i] = abi.decode(answer, (uint256));
            }
        }
        return abi.encode(block.number, block.chainid, blockhash(block.number - 1), balances);
    }
}
