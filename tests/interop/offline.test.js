// Every message is signed by somebody else than who sends it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assets as chaincode, connect, json, newId, signerOf, take } from './network.js';

const sign = signerOf('org1');

/** Takes the bytes out of a message, signs its digest, and makes a signed message of both. */
async function signed(message, remake) {
    return remake(message.getBytes(), await sign(message.getDigest()));
}

test('proposal, transaction and commit are signed offline', async (t) => {
    const { gateway, assets } = connect(t, 'org1', { isSigning: false });
    const id = newId('offline');

    const unsigned = assets.newProposal('CreateAsset', { arguments: [id, 'blue', '5', 'Ann', '1'] });
    const proposal = await signed(unsigned, (bytes, signature) => gateway.newSignedProposal(bytes, signature));
    assert.equal(proposal.getTransactionId(), unsigned.getTransactionId());
    const endorsed = await proposal.endorse();
    const transaction = await signed(endorsed, (bytes, signature) => gateway.newSignedTransaction(bytes, signature));
    const submitted = await transaction.submit();
    const commit = await signed(submitted, (bytes, signature) => gateway.newSignedCommit(bytes, signature));
    const status = await commit.getStatus();
    assert(status.successful);
    assert.equal(status.transactionId, unsigned.getTransactionId());
});

test('an evaluation is signed offline', async (t) => {
    const { gateway, assets } = connect(t, 'org1', { isSigning: false });
    const unsigned = assets.newProposal('AssetExists', { arguments: [newId('nothing')] });
    const proposal = await signed(unsigned, (bytes, signature) => gateway.newSignedProposal(bytes, signature));
    assert.equal(json(await proposal.evaluate()), false);
});

test('requests for events are signed offline', async (t) => {
    const { gateway, network } = connect(t, 'org1', { isSigning: false });
    const online = connect(t, 'org1');
    const created = await online.assets.submitAsync('CreateAsset', {
        arguments: [newId('offline'), 'blue', '5', 'Ann', '1'],
    });
    const { blockNumber } = await created.getStatus();

    const events = await signed(
        network.newChaincodeEventsRequest(chaincode, { startBlock: blockNumber }),
        (bytes, signature) => gateway.newSignedChaincodeEventsRequest(bytes, signature),
    );
    const [event] = await take(await events.getEvents(), 1);
    assert.equal(event.blockNumber, blockNumber);

    const blocks = await signed(
        network.newBlockEventsRequest({ startBlock: blockNumber }),
        (bytes, signature) => gateway.newSignedBlockEventsRequest(bytes, signature),
    );
    const [block] = await take(await blocks.getEvents(), 1);
    assert.equal(BigInt(block.getHeader().getNumber()), blockNumber);

    const filtered = await signed(
        network.newFilteredBlockEventsRequest({ startBlock: blockNumber }),
        (bytes, signature) => gateway.newSignedFilteredBlockEventsRequest(bytes, signature),
    );
    const [summary] = await take(await filtered.getEvents(), 1);
    assert.equal(BigInt(summary.getNumber()), blockNumber);
});
