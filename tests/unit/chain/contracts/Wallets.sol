// SPDX-License-Identifier: Apache-2.0
// Contracts for the tests of contract wallets. Compiled with solc 0.8.37, optimiser on (200 runs), evm version paris.
pragma solidity ^0.8.20;

/// A wallet of several owners with the answers of a Safe: EIP-1271, getOwners, getThreshold.
contract SharedWallet {
    address[] private owners;
    uint256 private threshold;

    constructor(address[] memory who, uint256 enough) { owners = who; threshold = enough; }

    function getOwners() external view returns (address[] memory) { return owners; }
    function getThreshold() external view returns (uint256) { return threshold; }

    function isValidSignature(bytes32 digest, bytes calldata signatures) external view returns (bytes4) {
        address last = address(0);
        require(signatures.length >= 65 * threshold, "too few");
        for (uint256 n = 0; n < threshold; n++) {
            bytes calldata one = signatures[65 * n:65 * n + 65];
            address signer = ecrecover(digest, uint8(one[64]), bytes32(one[0:32]), bytes32(one[32:64]));
            if (signer <= last || !isOwner(signer)) return 0xffffffff;
            last = signer;
        }
        return 0x1626ba7e;
    }

    function isOwner(address who) private view returns (bool) {
        for (uint256 n = 0; n < owners.length; n++) if (owners[n] == who) return true;
        return false;
    }
}
