//! A compiled contract, ready to be instantiated.

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};

use crate::guest::Guest;
use crate::host::types::Response;
use crate::refusal::{Refusal, RefusalKind, shown};
use crate::{check::caps, host, wasi, world};

/// A contract that is compiled and linked; shared by all calls of it.
pub struct Contract {
    hash: [u8; 32],
    instance: InstancePre<Guest>,
    exports: Exports,
}

/// Where the contract's functions are.
pub(crate) struct Exports {
    pub(crate) metadata: ComponentExportIndex,
    pub(crate) init: ComponentExportIndex,
    pub(crate) invoke: ComponentExportIndex,
}

impl std::fmt::Debug for Contract {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contract")
            .field("hash", &hex::encode(self.hash))
            .finish_non_exhaustive()
    }
}

impl Contract {
    /// Links a compiled component to the host's functions and finds its exports.
    ///
    /// # Errors
    /// A [`Refusal`] if an imported function is not offered or has another signature, if an exported one is missing
    /// or has another signature, or if an instance would take more memories or tables than allowed.
    pub(crate) fn link(component: &Component, hash: [u8; 32]) -> Result<Self, Refusal> {
        refuse_many_resources(component)?;
        let mut linker = Linker::new(component.engine());
        host::link(&mut linker).map_err(|error| unlinkable(&error))?;
        wasi::link(&mut linker, component).map_err(|error| unlinkable(&error))?;
        let instance = linker
            .instantiate_pre(component)
            .map_err(|error| unlinkable(&error))?;
        let exports = Exports {
            metadata: export::<(), (String,)>(&instance, "metadata")?,
            init: export::<(Vec<Vec<u8>>,), (Response,)>(&instance, "init")?,
            invoke: export::<(Vec<Vec<u8>>,), (Response,)>(&instance, "invoke")?,
        };
        Ok(Self {
            hash,
            instance,
            exports,
        })
    }

    /// SHA-256 of the component's bytes.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    pub(crate) fn instance(&self) -> &InstancePre<Guest> {
        &self.instance
    }

    pub(crate) fn exports(&self) -> &Exports {
        &self.exports
    }
}

fn refuse_many_resources(component: &Component) -> Result<(), Refusal> {
    let Some(resources) = component.resources_required() else {
        return Err(Refusal::new(
            RefusalKind::UnknownImport,
            "the component imports a module or a component",
            "compose it before it is packaged",
        ));
    };
    if resources.num_memories > caps::MEMORIES_MAX || resources.num_tables > caps::TABLES_MAX {
        return Err(Refusal::new(
            RefusalKind::StructureLimit,
            format!(
                "an instance has {} memories and {} tables, at most {} and {} are allowed",
                resources.num_memories,
                resources.num_tables,
                caps::MEMORIES_MAX,
                caps::TABLES_MAX
            ),
            "instantiate fewer modules",
        ));
    }
    Ok(())
}

fn unlinkable(error: &wasmtime::Error) -> Refusal {
    Refusal::new(
        RefusalKind::UnknownImport,
        shown(&format!("{error:#}")),
        "build against the world's interfaces as they are, without changes",
    )
}

/// Finds a function of the contract and checks its signature.
fn export<Params, Return>(
    instance: &InstancePre<Guest>,
    name: &str,
) -> Result<ComponentExportIndex, Refusal>
where
    Params: wasmtime::component::ComponentNamedList + wasmtime::component::Lower,
    Return: wasmtime::component::ComponentNamedList + wasmtime::component::Lift,
{
    let component = instance.component();
    let interface = world::interface(world::EXPORT);
    let missing = |what: String| {
        Refusal::new(
            RefusalKind::MissingExport,
            format!("the function \"{name}\" of \"{interface}\" {what}"),
            "implement the world's interface contract as it is; the SDK's attribute does it",
        )
    };
    let contract = component
        .get_export_index(None, &interface)
        .ok_or_else(|| missing("is not exported".to_owned()))?;
    match component.get_export(Some(&contract), name) {
        Some((ComponentItem::ComponentFunc(function), index)) => {
            function
                .typecheck::<Params, Return>(&instance.instance_type())
                .map_err(|error| missing(format!("has another signature: {error:#}")))?;
            Ok(index)
        }
        _ => Err(missing("is not exported".to_owned())),
    }
}
