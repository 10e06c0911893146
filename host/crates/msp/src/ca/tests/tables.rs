//! What changes for a key that signs a lot: nothing but the time.

use super::identities::high_s;
use super::*;
use crate::Signer as _;

#[test]
fn verdicts_stay_the_same_when_a_key_gets_its_table() {
    let root = root(1);
    let manager = manager(&config(&root, ""));
    let peer = signing(&issue(&root, "peer0", Role::Peer, 2));
    let identity = manager.identity(peer.identity()).unwrap();
    for round in 0..100u8 {
        let message = [round; 100];
        let good = peer.sign(&message).unwrap();
        let bad = peer.sign(&[round; 99]).unwrap();
        let high = high_s(&good);
        identity.verify(&message, &bad).unwrap_err();
        identity.verify(&message, &high).unwrap_err();
        let decoded = EcdsaSignature::decode(&good).unwrap();
        let [mut r_too_long, mut s_zero] = [decoded.clone(), decoded];
        r_too_long.r.push(1);
        s_zero.s.clear();
        identity.verify(&message, &r_too_long.to_der()).unwrap_err();
        identity.verify(&message, &s_zero.to_der()).unwrap_err();
        identity.verify(&message, &good).unwrap();
        let tables = usize::from(round >= 63);
        assert_eq!(manager.memo().tables().len(), tables, "{round}");
    }
}

#[test]
fn bad_signatures_earn_a_key_no_table() {
    let root = root(1);
    let manager = manager(&config(&root, ""));
    let peer = signing(&issue(&root, "peer0", Role::Peer, 2));
    let identity = manager.identity(peer.identity()).unwrap();
    let signature = peer.sign(b"message").unwrap();
    for round in 0..200u8 {
        assert!(identity.verify(&[round], &signature).is_err());
        // The same one again is remembered, not computed.
        identity.verify(b"message", &signature).unwrap();
    }
    assert_eq!(manager.memo().tables().len(), 0);
}
