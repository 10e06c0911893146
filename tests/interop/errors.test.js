// What goes wrong, told as Fabric tells it.

import {
    CommitError, CommitStatusError, EndorseError, GatewayError, StatusCode,
} from '@hyperledger/fabric-gateway';
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addressOf, assertAsRecorded, connect, failure, json, newId, signerOf } from './network.js';

const sign = signerOf('org1');

test('a contract that refuses to endorse: EndorseError with details', async (t) => {
    const { assets } = connect(t, 'org1');
    const id = newId('twice');
    await assets.submitTransaction('CreateAsset', id, 'blue', '5', 'Ann', '1');
    const error = await failure(assets.submitTransaction('CreateAsset', id, 'blue', '5', 'Ann', '1'), EndorseError);
    assert.match(error.transactionId, /^[0-9a-f]{64}$/);
    assert.deepEqual(error.details, [{
        address: addressOf('org1'),
        mspId: 'Org1MSP',
        message: `chaincode response 500, the asset ${id} already exists`,
    }]);
    assertAsRecorded(error, 'endorse_chaincode_error', (text) => text.replace('asset7', id));
});

test('a contract that answers 404: EndorseError that says so', async (t) => {
    const { notes } = connect(t, 'org1');
    const id = newId('nothing');
    const error = await failure(
        notes.submit('BurnNote', { arguments: [id], transientData: {} }),
        EndorseError,
    );
    assert.equal(error.details[0].message, `chaincode response 404, the note ${id} does not exist`);
    assertAsRecorded(error, 'endorse_status_404', (text) => text.replace('not found here', `the note ${id} does not exist`));
});

test('an organisation that is not there: EndorseError UNAVAILABLE', async (t) => {
    const { assets } = connect(t, 'org1');
    const error = await failure(
        assets.submit('CreateAsset', {
            arguments: [newId('a'), 'blue', '5', 'Ann', '1'],
            endorsingOrganizations: ['Org3MSP'],
        }),
        EndorseError,
    );
    assert.equal(error.code, 14);
    assertAsRecorded(error, 'endorse_unknown_org');
});

test('a contract that refuses an evaluation: GatewayError with details', async (t) => {
    const { assets } = connect(t, 'org1');
    const id = newId('nosuch');
    const error = await failure(assets.evaluateTransaction('ReadAsset', id), GatewayError);
    assert.equal(error.code, 2);
    assertAsRecorded(error, 'evaluate_chaincode_error', (text) => text.replace('nosuch', id));
});

test('a chaincode that is not there: GatewayError FAILED_PRECONDITION', async (t) => {
    const { network } = connect(t, 'org1');
    const error = await failure(network.getContract('nosuchcc').evaluateTransaction('x'), GatewayError);
    assert.equal(error.code, 9);
    assertAsRecorded(error, 'evaluate_unknown_chaincode');
});

test('a channel that is not there: GatewayError UNAVAILABLE', async (t) => {
    const { gateway } = connect(t, 'org1');
    const contract = gateway.getNetwork('nosuchchannel').getContract('basic');
    const error = await failure(contract.evaluateTransaction('x'), GatewayError);
    assert.equal(error.code, 14);
    assertAsRecorded(error, 'evaluate_unknown_channel');
});

test('a transaction with a signature by nobody: SubmitError from the orderer', async (t) => {
    const { gateway, assets } = connect(t, 'org1');
    const proposal = assets.newProposal('CreateAsset', { arguments: [newId('a'), 'blue', '5', 'Ann', '1'] });
    const endorsed = await proposal.endorse();
    const wrong = await sign(Buffer.alloc(32, 7));
    const error = await failure(gateway.newSignedTransaction(endorsed.getBytes(), wrong).submit(), GatewayError);
    assert.equal(error.name, 'SubmitError');
    assert.equal(error.transactionId, proposal.getTransactionId());
    assertAsRecorded(error, 'submit_bad_signature');
});

test('a status that nobody signed for: CommitStatusError PERMISSION_DENIED', async (t) => {
    const { gateway, assets } = connect(t, 'org1');
    const commit = await assets.submitAsync('CreateAsset', { arguments: [newId('a'), 'blue', '5', 'Ann', '1'] });
    const wrong = await sign(Buffer.alloc(32, 7));
    const error = await failure(gateway.newSignedCommit(commit.getBytes(), wrong).getStatus(), CommitStatusError);
    assert.equal(error.transactionId, commit.getTransactionId());
    assertAsRecorded(error, 'commitstatus_bad_signature');
    assert((await commit.getStatus()).successful);
});

test('of two transactions that read the same version one is MVCC_READ_CONFLICT', async (t) => {
    const { assets } = connect(t, 'org1');
    const id = newId('contended');
    await assets.submitTransaction('CreateAsset', id, 'blue', '5', 'Ann', '1');
    const endorse = (owner) => assets.newProposal('TransferAsset', { arguments: [id, owner] }).endorse();
    const [one, other] = [await endorse('Ben'), await endorse('Cem')];
    const [first, second] = [await one.submit(), await other.submit()];
    const [winner, loser] = [await first.getStatus(), await second.getStatus()];
    assert.equal(winner.code, StatusCode.VALID);
    assert(!loser.successful);
    assert.equal(loser.code, StatusCode.MVCC_READ_CONFLICT);
    assert.equal(json(await assets.evaluateTransaction('ReadAsset', id)).Owner, 'Ben');
});

test('submit throws a CommitError with the code when the transaction is invalid', async (t) => {
    const { assets } = connect(t, 'org1');
    const id = newId('contended');
    await assets.submitTransaction('CreateAsset', id, 'blue', '5', 'Ann', '1');
    // All are endorsed before the first is committed, so that at most one of them is valid.
    const owners = Array.from({ length: 8 }, (_, number) => `owner-${number}`);
    const settled = await Promise.allSettled(owners.map((owner) => assets.submitTransaction('TransferAsset', id, owner)));
    const errors = settled.filter(({ status }) => status === 'rejected').map(({ reason }) => reason);
    assert(errors.length > 0 && errors.length < owners.length, `${errors.length} of ${owners.length} failed`);
    for (const error of errors) {
        assert(error instanceof CommitError, error.stack);
        assert.equal(error.code, StatusCode.MVCC_READ_CONFLICT);
        assert.match(error.message, /MVCC_READ_CONFLICT/);
        assert.match(error.transactionId, /^[0-9a-f]{64}$/);
    }
});

test('a deadline that is over: DEADLINE_EXCEEDED', async (t) => {
    const { assets } = connect(t, 'org1');
    const proposal = assets.newProposal('GetAllAssets');
    const error = await failure(proposal.evaluate({ deadline: Date.now() - 1 }), GatewayError);
    assert.equal(error.code, 4);
});
