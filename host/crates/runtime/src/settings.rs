//! How wasmtime is set up: deterministic, metered, bounded, and the same on every machine of one architecture.

use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, OperatorCost, OptLevel, PoolingAllocationConfig,
    Strategy, VariableOperatorCost, WasmBacktraceDetails,
};

use crate::check::caps;
use crate::{features, world};

/// Bytes of native stack that a contract's own frames may take in one instance.
pub(crate) const WASM_STACK_BYTES: usize = 512 * 1024;
/// Bytes of native stack that the host's frames of one call, and of one call of another chaincode, may take.
pub(crate) const HOST_STACK_BYTES: usize = 512 * 1024;
/// Fuel for each page of 64 KiB asked for, granted or not: about what the first touch of its memory costs.
const FUEL_PER_PAGE: u8 = u8::MAX;
/// Bytes that one component's instances may take beside memories and tables.
const INSTANCE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Memories that stay prepared for the contract that used them last.
const WARM_SLOTS_MAX: u32 = 64;

/// Bytes of a memory that a call has changed and that are put back by copying, where the kernel says which they are. Small contracts
/// change less; giving pages back to the kernel interrupts every core that runs a thread of this process.
const KEPT_BYTES_MAX: usize = 512 * 1024;

/// Makes the configuration; `instances` is how many instances may live at one time.
///
/// # Errors
/// If this machine's architecture or system is none that contracts run on.
pub(crate) fn config(instances: u32) -> Result<Config, String> {
    let mut config = Config::new();
    features::configure(&mut config);
    config
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(true)
        .consume_fuel(true)
        .operator_cost(operator_cost())
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        // No backtraces: names in a foreign module must not reach logs, and nothing may depend on the environment.
        .wasm_backtrace_max_frames(None)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .generate_address_map(false)
        .native_unwind_info(false)
        .memory_init_cow(true)
        .shared_memory(false)
        .gc_support(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(instances)));
    // A named target takes the architecture's base features only, so an artefact runs on each machine of it.
    config
        .target(target()?)
        .map_err(|error| format!("{error:#}"))?;
    Ok(config)
}

fn operator_cost() -> OperatorCost {
    OperatorCost {
        MemoryGrow: FUEL_PER_PAGE,
        variable: VariableOperatorCost {
            memory_grow_per_page: FUEL_PER_PAGE,
            ..VariableOperatorCost::new()
        },
        ..OperatorCost::new()
    }
}

fn pool(instances: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(caps::CORE_INSTANCES_MAX))
        .max_core_instances_per_component(caps::CORE_INSTANCES_MAX)
        .max_component_instance_size(INSTANCE_BYTES_MAX)
        .max_core_instance_size(INSTANCE_BYTES_MAX)
        .total_memories(instances.saturating_mul(caps::MEMORIES_MAX))
        .max_memories_per_component(caps::MEMORIES_MAX)
        .max_memories_per_module(caps::MEMORIES_PER_MODULE_MAX)
        .max_memory_size(world::MEMORY_BYTES_MAX)
        .total_tables(instances.saturating_mul(caps::TABLES_MAX))
        .max_tables_per_component(caps::TABLES_MAX)
        .max_tables_per_module(caps::TABLES_PER_MODULE_MAX)
        .table_elements(world::TABLE_ELEMENTS_MAX)
        .max_unused_warm_slots(WARM_SLOTS_MAX)
        .pagemap_scan(Enabled::Auto);
    // Measured: where the kernel cannot say what has changed, setting all of it to zero takes longer (31 µs a call for 24) than
    // giving it back.
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.linear_memory_keep_resident(KEPT_BYTES_MAX)
            .table_keep_resident(KEPT_BYTES_MAX);
    }
    pool
}

/// The compiler's name for this machine, without anything that this very machine has beyond others of its kind.
fn target() -> Result<&'static str, String> {
    const GNU: bool = cfg!(target_env = "gnu");
    const MUSL: bool = cfg!(target_env = "musl");
    match (std::env::consts::ARCH, std::env::consts::OS) {
        ("x86_64", "linux") if GNU => Ok("x86_64-unknown-linux-gnu"),
        ("x86_64", "linux") if MUSL => Ok("x86_64-unknown-linux-musl"),
        ("aarch64", "linux") if GNU => Ok("aarch64-unknown-linux-gnu"),
        ("aarch64", "linux") if MUSL => Ok("aarch64-unknown-linux-musl"),
        ("x86_64", "macos") => Ok("x86_64-apple-darwin"),
        ("aarch64", "macos") => Ok("aarch64-apple-darwin"),
        (arch, os) => Err(format!("contracts do not run on {arch} with {os}")),
    }
}
