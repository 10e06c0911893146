//! Names: what a component imports and exports, and that no name can spoil a log.

use wasmparser::{ComponentExternalKind, ComponentTypeRef, Payload};

use crate::refusal::{Refusal, RefusalKind, shown};
use crate::{wasi, world};

/// Bytes of one name.
const NAME_BYTES_MAX: usize = 512;

const IMPORT_ADVICE: &str = "build against weft:chaincode; WASI 0.2 of cli, clocks, filesystem, io, random and sockets is offered too";

/// Checks the names of a section; of the outermost component also what it imports and exports.
///
/// # Errors
/// [`RefusalKind::BadName`], [`RefusalKind::UnknownImport`], [`RefusalKind::UnknownVersion`] or
/// [`RefusalKind::MissingExport`].
pub(super) fn check(
    payload: &Payload<'_>,
    outermost: bool,
    contract_exported: &mut bool,
) -> Result<(), Refusal> {
    let invalid = |error| Refusal::invalid(&error);
    match payload {
        Payload::ImportSection(section) => {
            for import in section.clone().into_imports() {
                let import = import.map_err(invalid)?;
                presentable(import.module)?;
                presentable(import.name)?;
            }
        }
        Payload::ExportSection(section) => {
            for export in section.clone() {
                presentable(export.map_err(invalid)?.name)?;
            }
        }
        Payload::ComponentImportSection(section) => {
            for import in section.clone() {
                let import = import.map_err(invalid)?;
                presentable(import.name.name)?;
                if outermost {
                    offered(import.name.name, &import.ty)?;
                }
            }
        }
        Payload::ComponentExportSection(section) => {
            for export in section.clone() {
                let export = export.map_err(invalid)?;
                presentable(export.name.name)?;
                if outermost {
                    *contract_exported |= is_contract(export.name.name, export.kind)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// The refusal of a component without a contract.
pub(super) fn contract_missing() -> Refusal {
    Refusal::new(
        RefusalKind::MissingExport,
        format!(
            "the component does not export \"{}\"",
            world::interface(world::EXPORT)
        ),
        "a contract implements the world's interface contract; the SDK's attribute does it",
    )
}

fn presentable(name: &str) -> Result<(), Refusal> {
    let advice = "use short names of printable ASCII characters";
    if name.len() > NAME_BYTES_MAX {
        let what = format!("a name of {} bytes: {}", name.len(), shown(name));
        return Err(Refusal::new(RefusalKind::BadName, what, advice));
    }
    if !name.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        let what = format!(
            "a name with characters that cannot be shown: {}",
            shown(name)
        );
        return Err(Refusal::new(RefusalKind::BadName, what, advice));
    }
    Ok(())
}

/// Refuses an import that no host offers or that this version does not.
fn offered(name: &str, ty: &ComponentTypeRef) -> Result<(), Refusal> {
    if !matches!(ty, ComponentTypeRef::Instance(_)) {
        let what = format!("the import {} is a {}", shown(name), ty.kind().desc());
        return Err(Refusal::new(
            RefusalKind::UnknownImport,
            what,
            IMPORT_ADVICE,
        ));
    }
    let (path, version) = name.split_once('@').unwrap_or((name, ""));
    let known = match path
        .strip_prefix(world::PACKAGE)
        .and_then(|rest| rest.strip_prefix('/'))
    {
        Some(_) if version != world::VERSION => return Err(unknown_version(name)),
        Some(interface) => world::IMPORTS.contains(&interface),
        None => wasi::offers(name),
    };
    if known {
        return Ok(());
    }
    let what = format!("the import {} is not offered", shown(name));
    Err(Refusal::new(
        RefusalKind::UnknownImport,
        what,
        IMPORT_ADVICE,
    ))
}

fn unknown_version(name: &str) -> Refusal {
    Refusal::new(
        RefusalKind::UnknownVersion,
        format!(
            "{} is not version {} of {}",
            shown(name),
            world::VERSION,
            world::PACKAGE
        ),
        "build against a version of the world that this peer knows, or update the peer",
    )
}

fn is_contract(name: &str, kind: ComponentExternalKind) -> Result<bool, Refusal> {
    let (path, version) = name.split_once('@').unwrap_or((name, ""));
    let interface = path
        .strip_prefix(world::PACKAGE)
        .and_then(|rest| rest.strip_prefix('/'));
    if interface != Some(world::EXPORT) {
        return Ok(false);
    }
    if version != world::VERSION {
        return Err(unknown_version(name));
    }
    Ok(kind == ComponentExternalKind::Instance)
}
