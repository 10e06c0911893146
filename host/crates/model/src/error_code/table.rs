//! The codes themselves.

use super::Explanation;

/// Makes the enum and everything that lists its members, so that no list can lack one.
macro_rules! codes {
    ($($variant:ident: $name:literal $status:literal $meaning:literal, $cause:literal, $action:literal;)*) => {
        /// What went wrong, by a name that stays the same.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ErrorCode {
            $(#[doc = concat!("`", $name, "`: ", $meaning)] $variant,)*
        }

        impl ErrorCode {
            /// All codes, those of one subject together.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// What is known of it, whatever the case.
            #[must_use]
            pub fn explanation(self) -> Explanation {
                match self {
                    $(Self::$variant => Explanation {
                        name: $name,
                        http_status: $status,
                        meaning: $meaning,
                        cause: $cause,
                        action: $action,
                    },)*
                }
            }
        }
    };
}

codes! {
    AuthMissing: "auth.missing" 401
        "The request shows neither a token nor a client certificate.",
        "The Authorization header is missing, or a proxy took it away.",
        "Send 'Authorization: Bearer TOKEN'; `weft dev` prints a token, an operator makes one with `weft token new`.";
    AuthInvalid: "auth.invalid" 401
        "The token or the client certificate is not known to this node.",
        "The token is mistyped, expired or revoked, or belongs to another node.",
        "Check the token; an operator lists what is known in the file that the configuration names as rest.credentials.";
    AuthIdentity: "auth.identity" 403
        "The caller may not act by the identity that the request asks for.",
        "The header Weft-Identity names an identity that the token does not allow, or the token allows none at all.",
        "Name an identity that `GET /v1/node` lists for this token, or sign the transaction yourself: prepare, sign, send.";
    AccessDenied: "access.denied" 403
        "The identity may not do this on this channel or this peer.",
        "The channel's policy for the resource asks for another role or organisation, such as an administrator.",
        "Use an identity of the right role, or have the channel's access rules changed.";
    RequestInvalid: "request.invalid" 400
        "A part of the request is not what this call takes.",
        "A field is missing, unknown, of another type, or out of its range; the message names it.",
        "Correct the part that the message names.";
    RequestJson: "request.json" 400
        "The body is not the JSON that this call takes.",
        "Broken syntax, a key given twice, a number too large, text that is not Unicode, or nesting deeper than 128.",
        "Correct the body at the line and column that the message names.";
    RequestProtobuf: "request.protobuf" 400
        "A message inside the request does not decode.",
        "The bytes are cut, of another type, or were changed after they were signed.",
        "Encode the message by Fabric's published definitions.";
    RequestMediaType: "request.media_type" 415
        "The body is of a type that this call does not take.",
        "The header Content-Type is missing or names another type.",
        "Send 'Content-Type: application/json', or application/octet-stream where the call takes bytes.";
    RequestNotAcceptable: "request.not_acceptable" 406
        "The call cannot answer in a type that the caller accepts.",
        "The header Accept leaves out all types that the call has.",
        "Leave the header Accept out, or add application/json.";
    RequestTooLarge: "request.too_large" 413
        "The request is larger than this node takes.",
        "The body, the arguments or the message passes a limit; the message says which.",
        "Send less, or store large data elsewhere and its hash on the ledger.";
    RequestHeadersTooLarge: "request.headers_too_large" 431
        "The request's headers are larger than this node takes.",
        "A header or the address holds data that belongs into the body.",
        "Send the data in the body.";
    RequestTimeout: "request.timeout" 408
        "The body did not arrive in time.",
        "The connection is slow or was left open.",
        "Send the request again over a better connection.";
    RequestRoute: "request.route" 404
        "There is nothing at this address.",
        "The path is mistyped or belongs to another version.",
        "Look at `/docs` for the paths there are.";
    RequestMethod: "request.method" 405
        "The address does not take this method.",
        "GET instead of POST, or the other way round.",
        "Use a method that the header Allow names.";
    RequestHost: "request.host" 421
        "The header Host names another host than this machine.",
        "Plain HTTP, which is for this machine alone, was asked by another name; a web page may try that in a browser.",
        "Ask http://localhost or http://127.0.0.1, or speak TLS.";
    RequestIdempotency: "request.idempotency" 422
        "The idempotency key was used for another request.",
        "The same Idempotency-Key came with another body or by another path.",
        "Use a fresh key for each new request, and the old one only to repeat the very same request.";
    RequestInProgress: "request.in_progress" 409
        "The first request with this idempotency key is not finished.",
        "The request was repeated while the first one is still at work.",
        "Wait a moment and repeat the request with the same key.";
    RequestClock: "request.clock" 400
        "The request's time is too far from the node's clock.",
        "The clock of the caller or of the node is wrong by more than 15 minutes, or an old request was sent again.",
        "Set the clock; `weft doctor` compares it with the node's.";
    RequestSignature: "request.signature" 401
        "The request is not signed by the identity that it names.",
        "It was sent before it was signed, another key signed, or the bytes changed after signing.",
        "Sign exactly the bytes that are sent, with the key of the certificate that is sent.";
    IdentityMalformed: "identity.malformed" 401
        "The creator is not an identity.",
        "The bytes are no serialized identity, or hold no X.509 certificate.",
        "Send MSP id and certificate as Fabric's clients do.";
    IdentityUnknown: "identity.unknown" 403
        "The identity does not belong to a member of this channel.",
        "It was issued by another certificate authority, or its organisation is not in the channel.",
        "Use an identity that one of the channel's organisations issued.";
    IdentityExpired: "identity.expired" 401
        "The identity's certificate has expired.",
        "The certificate's time is over.",
        "Have the organisation's certificate authority issue a new certificate.";
    IdentityRevoked: "identity.revoked" 401
        "The identity's certificate has been revoked.",
        "Its organisation has put the certificate on its revocation list.",
        "Use another identity, or have the organisation's certificate authority issue a new certificate.";
    ProposalMalformed: "proposal.malformed" 400
        "The proposal is not complete or contradicts itself.",
        "A header is missing, the type is wrong, or the transaction id is not the hash of nonce and creator.",
        "Build the proposal with a Fabric client library or with the prepare call of REST.";
    ProposalUnsigned: "proposal.unsigned" 401
        "The proposal carries no signature.",
        "It was sent before it was signed.",
        "Sign the proposal's bytes with the creator's key.";
    ProposalSignature: "proposal.signature" 401
        "The signature is not the creator's signature over these bytes.",
        "Another key signed, the bytes changed after signing, or the signature is not DER with a low S.",
        "Sign exactly the bytes that are sent, with the key of the certificate that is sent.";
    ProposalReplayed: "proposal.replayed" 409
        "A transaction with this id is in the ledger already, or is being endorsed at this moment.",
        "The same signed proposal was sent a second time.",
        "Make a new proposal, which has a new nonce; look the first one up by its id.";
    ProposalClock: "proposal.clock" 400
        "The proposal's time is too far from the peer's clock.",
        "The clock of the caller or of the peer is wrong by more than 15 minutes.",
        "Set the clock; `weft doctor` compares it with the peer's.";
    ChannelNotFound: "channel.not_found" 404
        "This node has no channel of this name.",
        "The name is mistyped, or the peer has not joined the channel.",
        "List the channels with `weft channel list` or GET /v1/channels.";
    ChannelStopped: "channel.stopped" 503
        "This node has stopped working on the channel.",
        "Its disk failed, or the channel's configuration asks for something this node does not know.",
        "An operator finds the reason in the node's log and at /healthz; use another peer meanwhile.";
    ChannelJoined: "channel.joined" 409
        "The node has joined this channel already.",
        "The genesis block was sent a second time.",
        "Nothing is to be done.";
    ChannelGenesis: "channel.genesis" 400
        "The block is not a genesis block that this node can join by.",
        "The file is another block, or is damaged.",
        "Fetch block 0 of the channel from the orderer or a peer.";
    BlockNotFound: "block.not_found" 404
        "The channel has no block of this number.",
        "The number is not reached yet, or the peer is behind.",
        "Compare with the channel's height.";
    BlockRefused: "block.refused" 422
        "The block is not the next one of the chain, or not what the orderers signed.",
        "It is damaged, of another chain, out of order, or made by somebody who may not.",
        "Fetch the block again, from an orderer or peer of the channel; nothing was written.";
    LedgerDiffers: "ledger.differs" 500
        "Two ledgers that should be equal differ, or a ledger does not follow from its own blocks.",
        "One of them was damaged or changed by hand, or one of two programs judges blocks wrongly.",
        "Look at the first difference; `weft ledger rebuild` makes a ledger anew from its blocks.";
    TransactionNotFound: "transaction.not_found" 404
        "The channel's ledger holds no transaction of this id.",
        "It is not committed yet, was never ordered, or the id is mistyped.",
        "Wait and ask again; if it was never sent, send it.";
    StateNotFound: "state.not_found" 404
        "There is no value under this key.",
        "It was never written, was deleted, or belongs to another chaincode.",
        "List keys by a range or a prefix.";
    ChaincodeNotFound: "chaincode.not_found" 404
        "The channel has no chaincode of this name.",
        "The name is mistyped, or its definition was never committed.",
        "List the definitions with `weft chaincode list`; commit one with `weft chaincode commit`.";
    ChaincodeNotApproved: "chaincode.not_approved" 409
        "This peer's organisation has not approved the definition that is in force.",
        "The definition was committed or upgraded without it.",
        "Approve the present definition with the package that the peer shall run.";
    ChaincodeNotInstalled: "chaincode.not_installed" 409
        "The package that the organisation approved is not installed on this peer.",
        "The package was installed on another peer, or another build of it was approved.",
        "Install the package with the id that was approved.";
    ChaincodeNotInitialized: "chaincode.not_initialized" 409
        "The chaincode must be initialised first, or has been already.",
        "Its definition asks for an initialisation, which comes once for each version.",
        "Submit its initialisation once: `weft submit --init`.";
    ChaincodeFunction: "chaincode.function" 404
        "The chaincode has no function of this name.",
        "The function's name is mistyped; names are UpperCamelCase to callers.",
        "Use one of the functions that the message lists.";
    ChaincodeArguments: "chaincode.arguments" 400
        "The function does not take these arguments.",
        "There are too many or too few, or one is not of the function's type.",
        "Pass the arguments that the message names.";
    ChaincodeFailed: "chaincode.failed" 422
        "The chaincode refused the call.",
        "A rule of the contract was not met, such as an asset that does not exist; the message is the contract's.",
        "Read the message; correct the call.";
    ChaincodeTrapped: "chaincode.trapped" 422
        "The chaincode was stopped by the sandbox.",
        "It panicked, ran out of fuel or memory, or did what is not allowed; the message says what.",
        "Correct the contract; its author finds file and line in the message of a panic.";
    ChaincodeTimeout: "chaincode.timeout" 504
        "The chaincode took longer than it may.",
        "The peer is overloaded, or the contract waits for what never comes.",
        "Try again; if it goes on, let the contract do less in one transaction.";
    PackageMalformed: "package.malformed" 400
        "The file is not a chaincode package.",
        "It is not a gzipped tar archive with metadata.json and code.tar.gz, or it is damaged.",
        "Make the package with `weft chaincode package`.";
    PackageUnsafe: "package.unsafe" 400
        "The package holds a path that leads out of it, a link, or a device.",
        "It was made by hand, or with bad intent.",
        "Make the package with `weft chaincode package`; do not trust where this one came from.";
    PackageTooLarge: "package.too_large" 413
        "The package is larger, unpacked, than a peer takes.",
        "It holds more than the contract, or is made to exhaust memory.",
        "Package the contract alone, compiled for release.";
    PackageType: "package.type" 400
        "The package's chaincode is of a type that this peer does not run.",
        "It was made for Fabric's Go, Java or Node.js runtimes.",
        "Compile the contract to WebAssembly and package it with type wasm.";
    PackageNotComponent: "package.not_component" 400
        "The code is not a WebAssembly component that is accepted.",
        "It is a plain module, uses a feature that is switched off, or is no WebAssembly.",
        "Build it with the SDK and `weft chaincode package`.";
    PackageExports: "package.exports" 400
        "The component does not offer or asks for what the chaincode world says.",
        "It was built for another world, or exports no contract.",
        "Build it with the SDK of this version.";
    PackageInstalled: "package.installed" 409
        "The package is installed on this peer already.",
        "It was installed before; the same bytes have the same id everywhere.",
        "Nothing is to be done: approve a definition with the package's id.";
    PackageNotFound: "package.not_found" 404
        "No package of this id is installed on this peer.",
        "The id is mistyped, or the package is installed elsewhere.",
        "List the packages with `weft chaincode list --installed`.";
    PackageCompile: "package.compile" 503
        "The contract could not be compiled at this moment.",
        "The compiler ran out of time or memory.",
        "Try again; make the contract smaller if it goes on.";
    LifecycleRefused: "lifecycle.refused" 409
        "The definition breaks a rule of the chaincode lifecycle.",
        "The sequence is not the next one, the definition is the one in force, or a name or version is not allowed.",
        "Read the message; it names the number or the part.";
    LifecycleNotReady: "lifecycle.not_ready" 409
        "Not enough organisations have approved exactly this definition.",
        "An organisation has not approved yet, or approved another version, policy or collection.",
        "Ask the organisations that the readiness call shows as missing to approve the same definition.";
    EndorseMismatch: "endorse.mismatch" 422
        "Endorsers came to different results, so that there is nothing to order.",
        "Peers run different packages of the chaincode, or one lags behind.",
        "Compare the differences in the details; install the same package on all peers.";
    EndorseFailed: "endorse.failed" 502
        "Not enough endorsements could be collected.",
        "Endorsers failed in different ways; the details say each one's.",
        "Read the details; correct what the endorsers name.";
    EndorseUnavailable: "endorse.unavailable" 503
        "Peers whose endorsement is needed cannot be reached.",
        "A peer of another organisation is down, or the network between is.",
        "Try again later; ask the organisation that the details name.";
    EndorsePolicy: "endorse.policy" 422
        "No set of peers that this gateway knows can satisfy the endorsement policy.",
        "The policy names an organisation of which no peer is known, or no peer that can run the chaincode.",
        "Add anchor peers to the channel, approve and install the chaincode on more peers, or change the policy.";
    OrderRefused: "order.refused" 422
        "The orderer refuses the transaction.",
        "The submitter does not satisfy the channel's Writers, its certificate has expired, or the transaction is too large.",
        "Read the orderer's message; use an identity that may write.";
    OrderUnavailable: "order.unavailable" 503
        "No orderer takes the transaction at this moment.",
        "All orderers are down, cannot be reached, or have no leader.",
        "Try again later; nothing was ordered unless an orderer answered late: look the transaction up by its id first.";
    OrderQueueFull: "order.queue_full" 429
        "The orderer's queue is full.",
        "More transactions come than are put into blocks.",
        "Wait as long as Retry-After says, then try again; send fewer at once.";
    OrderUnknown: "order.unknown" 504
        "It is not known whether the orderer took the transaction.",
        "The connection broke, or the time was over, before the orderer answered.",
        "Look the transaction up by its id before sending anything again.";
    CommitConflict: "commit.conflict" 409
        "The transaction is in a block, but without effect: a key it read was changed in the meantime.",
        "Two transactions worked on the same key at the same time.",
        "Submit the call again; it then reads the present values.";
    CommitPhantom: "commit.phantom" 409
        "The transaction is in a block, but without effect: a range it read has changed in the meantime.",
        "Another transaction added or removed keys of the range.",
        "Submit the call again; it then reads the present range.";
    CommitInvalid: "commit.invalid" 422
        "The transaction is in a block, but without effect: it is invalid.",
        "The validation code says which rule it breaks, such as the endorsement policy.",
        "Look the transaction up; its validation code comes with a sentence.";
    CommitUnknown: "commit.unknown" 504
        "The transaction was ordered, but how it ended is not known yet.",
        "The peer is behind or the time given was too short.",
        "Ask for the transaction's status; do not send it again.";
    EventsPosition: "events.position" 400
        "The stream cannot begin where the request asks.",
        "The event id, the block number or the bookmark is not one that this node gave.",
        "Begin at a block number, or leave the position out.";
    EventsSlow: "events.slow" 429
        "The reader of the stream was too slow, or there are too many streams.",
        "Events come faster than they are read, or readers do not close their streams.",
        "Connect again with the last event's id; read faster.";
    NodeBusy: "node.busy" 429
        "The node has as much to do as it takes on.",
        "More calls come than the peer can run at once.",
        "Wait as long as Retry-After says, then try again.";
    NodeUnavailable: "node.unavailable" 503
        "The node cannot do this at the moment.",
        "It is starting, stopping, or its disk is slow.",
        "Try again, or use another peer.";
    NodeBroken: "node.broken" 500
        "The node has failed.",
        "A bug, or a disk that does not work.",
        "An operator finds the reason in the node's log; use another peer meanwhile.";
    NodeUnsupported: "node.unsupported" 501
        "The node does not offer this.",
        "The call belongs to Fabric's protocol, but Weft does not have it yet.",
        "Look at the README's list of what is missing.";
    ClientConnection: "client.connection" 503
        "The node cannot be reached.",
        "It is not running, the address is wrong, or a firewall is between.",
        "Check the address and that the node runs; `weft doctor` tries each one.";
    ClientTls: "client.tls" 502
        "The node's TLS certificate is not trusted.",
        "The authority in the profile is not the one that issued it, or the name is another.",
        "Name the right authority as tls_ca in the profile or context.";
    ClientAnswer: "client.answer" 502
        "The node's answer cannot be trusted.",
        "It is not about what was asked, or does not decode.",
        "Ask another peer; tell the operator of this one.";
    ConfigInvalid: "config.invalid" 400
        "A configuration, profile or context file cannot be used.",
        "A key is unknown or missing, or a value is out of its range; the message names it.",
        "Correct the file at the place that the message names.";
    ConfigMissing: "config.missing" 400
        "The command does not know for whom or where to act.",
        "There is neither a context nor a profile.",
        "Choose a context with `weft context use`, or pass --profile FILE.";
    FileUnusable: "file.unusable" 400
        "A file or folder cannot be read or written.",
        "It does not exist, belongs to somebody else, or the disk is full.",
        "Check the path that the message names.";
    PortTaken: "port.taken" 409
        "The address to listen on is in use.",
        "Another process, often an older network, listens there.",
        "Stop the other process, or choose other ports: `weft dev --ports free`.";
    DataFolder: "data.folder" 409
        "The data folder cannot be used.",
        "Another process has it, it belongs to another node, or its permissions are too open.",
        "Do what the message says; never let two nodes share a folder.";
    ToolchainMissing: "toolchain.missing" 400
        "The contract cannot be compiled here.",
        "Cargo or its WebAssembly target is missing.",
        "Run `weft doctor`, which says what is missing and how to get it.";
    ContractBuild: "contract.build" 400
        "The contract does not compile.",
        "An error in the contract's source, which the compiler shows.",
        "Correct the source and package it again.";
    UsageWrong: "usage.wrong" 400
        "The command cannot be understood.",
        "An option is unknown, missing or out of its range.",
        "See `weft help` or the command's --help.";
    InternalError: "internal.error" 500
        "Something failed that should not have.",
        "A bug in Weft.",
        "Please report it with the message and the log.";
}
