// The network under test, as the Rust test describes it, and connections to it by the official client.

import * as grpc from '@grpc/grpc-js';
import { connect as connectGateway, signers } from '@hyperledger/fabric-gateway';
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const described = JSON.parse(process.env.WEFT_NETWORK ?? 'null');
assert(described, 'WEFT_NETWORK describes no network: run `cargo xtask test`');

/** Name of the channel. */
export const channel = described.channel;
/** The deployed examples. */
export const assets = 'basic';
export const notes = 'notes';

/** Address of an organisation's peer, as it stands in error details. */
export function addressOf(org) {
    return described[org].address;
}

/** What an organisation's user signs digests with. */
export function signerOf(org) {
    return signers.newPrivateKeySigner(createPrivateKey(readFileSync(described[org].key)));
}

/**
 * Connects as the user of an organisation, for the time of one test.
 * Without `isSigning` every message has to be signed by hand.
 */
export function connect(t, org, { isSigning = true } = {}) {
    const user = described[org];
    const credentials = grpc.credentials.createSsl(readFileSync(user.tlsRoot));
    const client = new grpc.Client(user.address, credentials, {
        'grpc.ssl_target_name_override': `peer0.${org}.example.com`,
    });
    const deadline = () => ({ deadline: Date.now() + 30_000 });
    const gateway = connectGateway({
        client,
        identity: { mspId: user.mspId, credentials: readFileSync(user.certificate) },
        ...(isSigning ? { signer: signerOf(org) } : {}),
        evaluateOptions: deadline,
        endorseOptions: deadline,
        submitOptions: deadline,
        commitStatusOptions: deadline,
    });
    t.after(() => {
        gateway.close();
        client.close();
    });
    const network = gateway.getNetwork(channel);
    return { gateway, network, assets: network.getContract(assets), notes: network.getContract(notes) };
}

let ids = 0;
/** An id that no other test uses. */
export function newId(prefix) {
    ids += 1;
    return `${prefix}-${process.pid}-${ids}`;
}

/** Bytes as text. */
export function text(bytes) {
    return Buffer.from(bytes).toString('utf8');
}

/** Bytes as JSON. */
export function json(bytes) {
    return JSON.parse(text(bytes));
}

/** The error that a real Fabric network gave, or undefined where the recordings are not there. */
export function recorded(name) {
    return described.recorded && JSON.parse(readFileSync(path.join(described.recorded, `error_${name}.json`), 'utf8'));
}

/**
 * Compares an error with the recorded one: code, text and details.
 * `adapt` puts this test's names into the recorded texts.
 */
export function assertAsRecorded(error, name, adapt = (text) => text) {
    const expected = recorded(name);
    if (!expected) {
        return;
    }
    assert.equal(error.code, expected.grpc_code_number);
    assert.equal(error.cause.details, adapt(expected.message));
    const details = expected.details.map(({ value }) => ({
        address: addressOf('org1'),
        mspId: value.mspId,
        message: adapt(value.message),
    }));
    assert.deepEqual(error.details, details);
}

/** The error that a promise ends with. */
export async function failure(promise, type) {
    try {
        await promise;
    } catch (error) {
        assert(error instanceof type, `not a ${type.name}: ${error.stack}`);
        return error;
    }
    return assert.fail(`no ${type.name}`);
}

/** The first `count` elements of a stream of events, which is closed then. */
export async function take(stream, count) {
    const taken = [];
    try {
        for await (const element of stream) {
            taken.push(element);
            if (taken.length === count) {
                return taken;
            }
        }
    } finally {
        stream.close();
    }
    return assert.fail(`the stream ended after ${taken.length} of ${count}`);
}
