// Evaluate, submit, asynchronous submit, transient data.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { connect, json, newId, text } from './network.js';

test('the published application for asset-transfer-basic finds what it expects', async (t) => {
    const { assets } = connect(t, 'org1');

    await assets.submitTransaction('InitLedger');
    const all = json(await assets.evaluateTransaction('GetAllAssets'));
    const tomoko = all.find(({ ID }) => ID === 'asset1');
    assert.deepEqual(Object.keys(tomoko), ['AppraisedValue', 'Color', 'ID', 'Owner', 'Size']);
    assert.equal(tomoko.Owner, 'Tomoko');

    const id = newId('asset');
    await assets.submitTransaction('CreateAsset', id, 'yellow', '5', 'Tom', '1300');
    const transfer = await assets.submitAsync('TransferAsset', { arguments: [id, 'Saptha'] });
    assert.equal(text(transfer.getResult()), 'Tom');
    const status = await transfer.getStatus();
    assert(status.successful);
    assert.equal(status.transactionId, transfer.getTransactionId());

    assert.deepEqual(json(await assets.evaluateTransaction('ReadAsset', id)), {
        AppraisedValue: 1300, Color: 'yellow', ID: id, Owner: 'Saptha', Size: 5,
    });
    await assert.rejects(
        assets.submitTransaction('UpdateAsset', 'asset70', 'blue', '5', 'Tomoko', '300'),
        (error) => error.details.some(({ message }) => message.includes('the asset asset70 does not exist')),
    );
});

test('what one organisation commits, the other reads', async (t) => {
    const [org1, org2] = [connect(t, 'org1'), connect(t, 'org2')];
    const id = newId('shared');
    await org1.assets.submitTransaction('CreateAsset', id, 'blue', '5', 'Ann', '1');
    // Org2's peer may be a block behind Org1's: its own transaction waits for the block.
    const deleted = await org2.assets.submitAsync('TransferAsset', { arguments: [id, 'Ben'] }).catch(async (error) => {
        assert(error.message.length > 0);
        await org2.assets.submitTransaction('CreateAsset', newId('wait'), 'blue', '5', 'Ann', '1');
        return org2.assets.submitAsync('TransferAsset', { arguments: [id, 'Ben'] });
    });
    assert((await deleted.getStatus()).successful);
    assert.equal(json(await org2.assets.evaluateTransaction('ReadAsset', id)).Owner, 'Ben');
});

test('the status of a transaction can be asked for again and again', async (t) => {
    const { assets } = connect(t, 'org1');
    const id = newId('status');
    const commit = await assets.submitAsync('CreateAsset', { arguments: [id, 'blue', '5', 'Ann', '1'] });
    const [first, second] = [await commit.getStatus(), await commit.getStatus()];
    assert.deepEqual(first, second);
    assert.equal(first.code, 0);
    assert.equal(typeof first.blockNumber, 'bigint');
    assert(first.blockNumber > 0n);
});

test('a value of a megabyte goes there and back', async (t) => {
    const { assets } = connect(t, 'org1');
    const id = newId('large');
    const owner = 'x'.repeat(1 << 20);
    await assets.submitTransaction('CreateAsset', id, 'blue', '5', 'Ann', '1');
    await assets.submitTransaction('UpdateAsset', id, 'blue', '5', owner, '1');
    assert.equal(json(await assets.evaluateTransaction('ReadAsset', id)).Owner, owner);
    await assets.submitTransaction('DeleteAsset', id);
    assert.equal(text(await assets.evaluateTransaction('AssetExists', id)), 'false');
});

test('transient data reaches the contract and no block', async (t) => {
    const { notes, network } = connect(t, 'org1');
    const id = newId('note');
    const note = `a secret ${id}`;
    const sealed = await notes.submitAsync('SealNote', {
        arguments: [id],
        transientData: { note: Buffer.from(note) },
        endorsingOrganizations: ['Org1MSP'],
    });
    const { blockNumber, successful } = await sealed.getStatus();
    assert(successful);
    assert.equal(text(await notes.evaluateTransaction('ReadNote', id)), note);
    const hash = createHash('sha256').update(note).digest('hex');
    assert.equal(text(await notes.evaluateTransaction('NoteHash', 'Org1MSP', id)), hash);

    const blocks = await network.getBlockEvents({ startBlock: blockNumber });
    for await (const block of blocks) {
        assert(!Buffer.from(block.serializeBinary()).includes(note));
        break;
    }
    blocks.close();
});
