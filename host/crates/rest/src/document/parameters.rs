//! Parts of paths, with what they may be.

use serde_json::Value;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// What is known of a part of a path.
struct Part {
    name: &'static str,
    description: &'static str,
    pattern: &'static str,
    length_max: usize,
    example: &'static str,
}

impl Part {
    fn parameter(self) -> Parameter {
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(self.pattern))
            .min_length(Some(1))
            .max_length(Some(self.length_max));
        ParameterBuilder::new()
            .name(self.name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some(self.description))
            .schema(Some(schema))
            .example(Some(Value::from(self.example)))
            .build()
    }
}

/// Makes types that stand for one part of a path each.
macro_rules! parts {
    ($($name:ident: $part:expr;)*) => {
        $(
            #[doc = concat!("The part of a path that ", stringify!($name), " says.")]
            pub(crate) struct $name;

            impl IntoParams for $name {
                fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                    vec![$part.parameter()]
                }
            }
        )*
    };
}

parts! {
    ChannelPath: Part {
        name: "channel",
        description: "The channel's name.",
        pattern: "^[a-z][a-z0-9.-]*$",
        length_max: 249,
        example: "mychannel",
    };
    ChaincodePath: Part {
        name: "name",
        description: "The chaincode's name.",
        pattern: "^_?[a-zA-Z0-9]+([-_][a-zA-Z0-9]+)*$",
        length_max: 64,
        example: "basic",
    };
    TransactionPath: Part {
        name: "tx_id",
        description: "The transaction's id.",
        pattern: "^[0-9a-f]{64}$",
        length_max: 64,
        example: "4f6e0b1a5f1f0f6a2b8c5f7f0e3a1d9c8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e",
    };
    BlockPath: Part {
        name: "number",
        description: "The block's number, or `newest`.",
        pattern: "^(newest|0|[1-9][0-9]{0,18})$",
        length_max: 19,
        example: "newest",
    };
    KeyPath: Part {
        name: "key",
        description: "The key, percent-encoded; composite keys hold `%00`.",
        pattern: "^[^/]+$",
        length_max: 1_024,
        example: "asset1",
    };
    PackagePath: Part {
        name: "id",
        description: "The package's id: its label, a colon and its SHA-256.",
        pattern: "^[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*:[0-9a-f]{64}$",
        length_max: 256,
        example: "basic_1.0:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    };
    CodePath: Part {
        name: "code",
        description: "The error code.",
        pattern: "^[a-z_]+\\.[a-z_]+$",
        length_max: 64,
        example: "endorse.mismatch",
    };
}
