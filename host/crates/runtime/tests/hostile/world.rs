//! The host's numbers and functions are the world's.

use runtime::world;

use crate::fixture::{Node, dummy, root, world as wit};

#[test]
fn the_host_offers_every_function_of_the_world_with_its_types() {
    let (resolve, world) = wit();
    let node = Node::new();
    node.engine
        .load(&dummy(&resolve, world))
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_hosts_numbers_are_those_of_the_worlds_tables() {
    let text =
        std::fs::read_to_string(root().join("chaincode-sdk/wit/chaincode.wit")).expect("wit");
    let mut listed = 0;
    for line in text.lines() {
        let Some(rest) = line.trim().strip_prefix("/// - `") else {
            continue;
        };
        let Some((name, rest)) = rest.split_once("`: ") else {
            continue;
        };
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let number: u64 = digits
            .parse()
            .unwrap_or_else(|_| panic!("{name} has no number"));
        assert_eq!(constant(name), number, "{name}");
        listed += 1;
    }
    assert_eq!(listed, 37, "a table changed its shape");
    assert!(text.contains(&format!("package {}@{};", world::PACKAGE, world::VERSION)));
}

fn constant(name: &str) -> u64 {
    let size = |size: usize| size as u64;
    match name {
        "FUEL_PER_CALL" => world::FUEL_PER_CALL,
        "MEMORY_BYTES_MAX" => size(world::MEMORY_BYTES_MAX),
        "TABLE_ELEMENTS_MAX" => size(world::TABLE_ELEMENTS_MAX),
        "KEY_BYTES_MAX" => size(world::KEY_BYTES_MAX),
        "VALUE_BYTES_MAX" => size(world::VALUE_BYTES_MAX),
        "WRITES_BYTES_MAX" => size(world::WRITES_BYTES_MAX),
        "EVENT_NAME_BYTES_MAX" => size(world::EVENT_NAME_BYTES_MAX),
        "EVENT_PAYLOAD_BYTES_MAX" => size(world::EVENT_PAYLOAD_BYTES_MAX),
        "RESPONSE_MESSAGE_BYTES_MAX" => size(world::RESPONSE_MESSAGE_BYTES_MAX),
        "RESPONSE_PAYLOAD_BYTES_MAX" => size(world::RESPONSE_PAYLOAD_BYTES_MAX),
        "ARGS_COUNT_MAX" => size(world::ARGS_COUNT_MAX),
        "ARGS_BYTES_MAX" => size(world::ARGS_BYTES_MAX),
        "LOG_LINES_MAX" => size(world::LOG_LINES_MAX),
        "LOG_LINE_BYTES_MAX" => size(world::LOG_LINE_BYTES_MAX),
        "CURSORS_MAX" => size(world::CURSORS_MAX),
        "CURSOR_BATCH_MAX" => world::CURSOR_BATCH_MAX.into(),
        "CURSOR_BATCH_BYTES_MAX" => size(world::CURSOR_BATCH_BYTES_MAX),
        "PAGE_SIZE_MAX" => world::PAGE_SIZE_MAX.into(),
        "KEYS_PER_GET_MAX" => size(world::KEYS_PER_GET_MAX),
        "CALL_DEPTH_MAX" => size(world::CALL_DEPTH_MAX),
        "PRICE_CALL" => world::PRICE_CALL,
        "PRICE_BYTE" => world::PRICE_BYTE,
        "PRICE_ELEMENT" => world::PRICE_ELEMENT,
        "PRICE_READ" => world::PRICE_READ,
        "PRICE_ENTRY" => world::PRICE_ENTRY,
        "PRICE_WRITE" => world::PRICE_WRITE,
        "PRICE_INVOKE" => world::PRICE_INVOKE,
        "INTERNAL" => world::code::INTERNAL.into(),
        "INVALID_ARGUMENT" => world::code::INVALID_ARGUMENT.into(),
        "LIMIT_EXCEEDED" => world::code::LIMIT_EXCEEDED.into(),
        "ACCESS_DENIED" => world::code::ACCESS_DENIED.into(),
        "NOT_FOUND" => world::code::NOT_FOUND.into(),
        "READ_ONLY" => world::code::READ_ONLY.into(),
        "UNAVAILABLE" => world::code::UNAVAILABLE.into(),
        "UNSUPPORTED" => world::code::UNSUPPORTED.into(),
        "NOT_ALLOWED_IN_INIT" => world::code::NOT_ALLOWED_IN_INIT.into(),
        "CALL_FAILED" => world::code::CALL_FAILED.into(),
        _ => panic!("the host does not know {name}"),
    }
}
