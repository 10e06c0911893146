// Chaincode events, blocks and filtered blocks; replay and checkpoints.

import { checkpointers } from '@hyperledger/fabric-gateway';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { assets as chaincode, connect, failure, json, newId, take } from './network.js';

/** Creates an asset and transfers it: two transactions with an event each. */
async function twoEvents(assets) {
    const id = newId('event');
    const create = await assets.submitAsync('CreateAsset', { arguments: [id, 'blue', '5', 'Ann', '1'] });
    const created = await create.getStatus();
    const transfer = await assets.submitAsync('TransferAsset', { arguments: [id, 'Ben'] });
    const transferred = await transfer.getStatus();
    assert(created.successful && transferred.successful);
    return { id, created, transferred };
}

/** The first events of a stream that are about an asset. */
async function eventsOf(stream, id, count) {
    const found = [];
    try {
        for await (const event of stream) {
            if (json(event.payload).ID === id) {
                found.push(event);
            }
            if (found.length === count) {
                return found;
            }
        }
    } finally {
        stream.close();
    }
    return assert.fail('the stream ended');
}

test('a listener gets what is committed after it came', async (t) => {
    const { network, assets } = connect(t, 'org1');
    const stream = await network.getChaincodeEvents(chaincode);
    const found = twoEvents(assets);
    const first = await take(stream, 1);
    assert.equal(first[0].chaincodeName, chaincode);
    await found;
});

test('events are replayed from a block on', async (t) => {
    const { network, assets } = connect(t, 'org1');
    const { id, created, transferred } = await twoEvents(assets);
    const stream = await network.getChaincodeEvents(chaincode, { startBlock: created.blockNumber });
    const [first, second] = await eventsOf(stream, id, 2);
    assert.equal(first.eventName, 'CreateAsset');
    assert.equal(first.transactionId, created.transactionId);
    assert.equal(first.blockNumber, created.blockNumber);
    assert.deepEqual(json(first.payload), { AppraisedValue: 1, Color: 'blue', ID: id, Owner: 'Ann', Size: 5 });
    assert.equal(second.eventName, 'TransferAsset');
    assert.equal(second.transactionId, transferred.transactionId);
    assert.equal(second.blockNumber, transferred.blockNumber);
});

test('the other organisation gets the same events', async (t) => {
    const [org1, org2] = [connect(t, 'org1'), connect(t, 'org2')];
    const { id, created } = await twoEvents(org1.assets);
    const from = { startBlock: created.blockNumber };
    const mine = await eventsOf(await org1.network.getChaincodeEvents(chaincode, from), id, 2);
    const theirs = await eventsOf(await org2.network.getChaincodeEvents(chaincode, from), id, 2);
    assert.deepEqual(mine, theirs);
});

for (const [name, open] of [
    ['in memory', async () => { const memory = checkpointers.inMemory(); return async () => memory; }],
    ['in a file', async (t) => {
        const folder = await mkdtemp(path.join(os.tmpdir(), 'weft-interop-'));
        t.after(() => rm(folder, { recursive: true }));
        // Opened anew each time, as after a restart of the application.
        return () => checkpointers.file(path.join(folder, 'checkpoint.json'));
    }],
]) {
    test(`a listener goes on after its checkpoint ${name}`, async (t) => {
        const { network, assets } = connect(t, 'org1');
        const { id, created, transferred } = await twoEvents(assets);
        const reopen = await open(t);

        const before = await reopen();
        const stream = await network.getChaincodeEvents(chaincode, { startBlock: created.blockNumber, checkpoint: before });
        const [first] = await eventsOf(stream, id, 1);
        await before.checkpointChaincodeEvent(first);

        const after = await reopen();
        const rest = await network.getChaincodeEvents(chaincode, { startBlock: 0n, checkpoint: after });
        const [next] = await eventsOf(rest, id, 1);
        assert.equal(next.transactionId, transferred.transactionId, 'not the one before the checkpoint again');

        await after.checkpointBlock(transferred.blockNumber);
        const later = await twoEvents(assets);
        const last = await network.getChaincodeEvents(chaincode, { checkpoint: await reopen() });
        const [event] = await eventsOf(last, later.id, 1);
        assert.equal(event.transactionId, later.created.transactionId);
    });
}

test('blocks come in order and each holds the hash of the one before', async (t) => {
    const { network, assets } = connect(t, 'org1');
    const { transferred } = await twoEvents(assets);
    const count = Number(transferred.blockNumber) + 1;
    const blocks = await take(await network.getBlockEvents({ startBlock: 0n }), count);
    let previous;
    blocks.forEach((block, number) => {
        const header = block.getHeader();
        assert.equal(header.getNumber(), number);
        if (previous !== undefined) {
            assert.equal(Buffer.from(header.getPreviousHash_asU8()).toString('hex'), previous);
        }
        const data = createHash('sha256');
        block.getData().getDataList_asU8().forEach((entry) => data.update(entry));
        assert.equal(Buffer.from(header.getDataHash_asU8()).toString('hex'), data.digest('hex'));
        previous = headerHash(header);
    });
});

/** SHA-256 of the DER sequence of number, previous hash and data hash. */
function headerHash(header) {
    const element = (tag, content) => {
        assert(content.length < 128);
        return Buffer.concat([Buffer.from([tag, content.length]), content]);
    };
    let hex = header.getNumber().toString(16);
    hex = hex.length % 2 === 0 ? hex : `0${hex}`;
    hex = Number.parseInt(hex.slice(0, 2), 16) >= 128 ? `00${hex}` : hex;
    const content = Buffer.concat([
        element(2, Buffer.from(hex, 'hex')),
        element(4, Buffer.from(header.getPreviousHash_asU8())),
        element(4, Buffer.from(header.getDataHash_asU8())),
    ]);
    return createHash('sha256').update(element(0x30, content)).digest('hex');
}

test('filtered blocks tell ids, codes and names of events', async (t) => {
    const { network, assets } = connect(t, 'org1');
    const { created } = await twoEvents(assets);
    const [block] = await take(await network.getFilteredBlockEvents({ startBlock: created.blockNumber }), 1);
    assert.equal(BigInt(block.getNumber()), created.blockNumber);
    assert.equal(block.getChannelId(), network.getName());
    const tx = block.getFilteredTransactionsList().find((one) => one.getTxid() === created.transactionId);
    assert.equal(tx.getTxValidationCode(), 0);
    const [action] = tx.getTransactionActions().getChaincodeActionsList();
    assert.equal(action.getChaincodeEvent().getEventName(), 'CreateAsset');
    assert.equal(action.getChaincodeEvent().getPayload_asU8().length, 0, 'payloads are filtered out');
});

test('a listener that starts at the next block waits for it', async (t) => {
    const { network, assets } = connect(t, 'org1');
    const { transferred } = await twoEvents(assets);
    const startBlock = transferred.blockNumber + 1n;
    const waiting = take(await network.getFilteredBlockEvents({ startBlock }), 2);
    for (let turn = 0; turn < 2; turn += 1) {
        await assets.submitTransaction('CreateAsset', newId('later'), 'blue', '5', 'Ann', '1');
    }
    const numbers = (await waiting).map((block) => BigInt(block.getNumber()));
    assert.deepEqual(numbers, [startBlock, startBlock + 1n]);
});

test('a listener that starts further ahead than the next block is told that there is none, as by Fabric', async (t) => {
    const { network } = connect(t, 'org1');
    const stream = await network.getBlockEvents({ startBlock: 1_000_000n });
    const error = await failure(take(stream, 1), Error);
    assert.match(error.message, /404/);
});

test('a listener on a channel that is not there is told so', async (t) => {
    const { gateway } = connect(t, 'org1');
    const stream = await gateway.getNetwork('nosuchchannel').getChaincodeEvents(chaincode);
    const error = await failure(take(stream, 1), Error);
    assert.equal(error.code, 7, error.message);
});

test('blocks with private data are not offered yet, and the answer says so', async (t) => {
    const { network } = connect(t, 'org1');
    const stream = await network.getBlockAndPrivateDataEvents({ startBlock: 0n });
    const error = await failure(take(stream, 1), Error);
    assert.equal(error.code, 12, error.message);
});
