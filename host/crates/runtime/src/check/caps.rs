//! Caps on a component's structure, so that no small file costs the compiler or the pool of instances much.
//!
//! They bind what can be installed, never what a running contract answers, so they may differ between versions of
//! Weft. The numbers leave room for interpreters of other languages; the measured bombs lie far beyond.

use wasmparser::{
    CanonicalFunction, CanonicalOption, CompositeInnerType, Encoding, Instance, MemoryType,
    Payload, SectionLimited, TableType, TypeRef, TypeSectionReader,
};

use crate::refusal::{Refusal, RefusalKind};
use crate::world;

/// Functions of all core modules.
const FUNCTIONS_MAX: u64 = 50_000;
/// Types of all core modules and components.
const TYPES_MAX: u64 = 20_000;
/// Parameters and results of one core function type.
const PARAMETERS_MAX: usize = 100;
/// Globals of all core modules.
const GLOBALS_MAX: u64 = 20_000;
/// Imports of all core modules.
const CORE_IMPORTS_MAX: u64 = 20_000;
/// Exports of all core modules.
const CORE_EXPORTS_MAX: u64 = 50_000;
/// Imports of the component and of those nested in it.
const IMPORTS_MAX: u64 = 512;
/// Exports of the component and of those nested in it.
const EXPORTS_MAX: u64 = 1_000;
/// Data segments of all core modules.
const DATA_SEGMENTS_MAX: u64 = 10_000;
/// Element segments of all core modules.
const ELEMENT_SEGMENTS_MAX: u64 = 10_000;
/// Elements of one table when the contract starts.
const TABLE_ELEMENTS_MAX: u64 = world::TABLE_ELEMENTS_MAX as u64;
/// Pages of 64 KiB of a memory when the contract starts, and of its declared maximum where it declares one.
const MEMORY_PAGES_MAX: u64 = (world::MEMORY_BYTES_MAX / 65_536) as u64;
/// Tables that one core module defines.
pub(crate) const TABLES_PER_MODULE_MAX: u32 = 4;
/// Tables that all core modules define.
pub(crate) const TABLES_MAX: u32 = 16;
/// Memories that one core module defines.
pub(crate) const MEMORIES_PER_MODULE_MAX: u32 = 1;
/// Memories that all core modules define.
pub(crate) const MEMORIES_MAX: u32 = 2;
/// Core modules in a component.
const MODULES_MAX: u64 = 64;
/// Core instances that a component makes.
pub(crate) const CORE_INSTANCES_MAX: u32 = 64;
/// Components and component instances within a component.
const COMPONENTS_MAX: u64 = 100;
/// Components and modules within one another.
const DEPTH_MAX: usize = 8;
/// Functions lifted and lowered between components and core modules.
const CANONICAL_FUNCTIONS_MAX: u64 = 5_000;
/// Locals of all functions may be this many where there is little code.
const LOCALS_FLOOR: u64 = 50_000;
/// Bytes of code that each further local needs, since registers are handed out per local.
const CODE_BYTES_PER_LOCAL: u64 = 2;

/// What was counted so far.
#[derive(Debug, Default)]
pub(super) struct Counts {
    depth: usize,
    functions: u64,
    types: u64,
    globals: u64,
    core_imports: u64,
    core_exports: u64,
    imports: u64,
    exports: u64,
    data_segments: u64,
    element_segments: u64,
    tables: u64,
    memories: u64,
    modules: u64,
    core_instances: u64,
    components: u64,
    canonical_functions: u64,
    locals: u64,
    code_bytes: u64,
}

impl Counts {
    /// Says whether the payloads that come now belong to the component itself, not to one nested in it.
    pub(super) fn is_outermost(&self) -> bool {
        self.depth == 1
    }

    /// Leaves a component or module at its end.
    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Counts what a section holds.
    ///
    /// # Errors
    /// [`RefusalKind::StructureLimit`] as soon as a cap is passed.
    pub(super) fn count(&mut self, payload: &Payload<'_>) -> Result<(), Refusal> {
        match payload {
            Payload::Version { encoding, .. } => self.enter(*encoding),
            Payload::TypeSection(section) => {
                types(section)?;
                add(&mut self.types, section.count(), TYPES_MAX, "types")
            }
            Payload::ComponentTypeSection(section) => {
                add(&mut self.types, section.count(), TYPES_MAX, "types")
            }
            Payload::CoreTypeSection(section) => {
                add(&mut self.types, section.count(), TYPES_MAX, "types")
            }
            Payload::ImportSection(section) => self.core_imports(section),
            Payload::FunctionSection(section) => add(
                &mut self.functions,
                section.count(),
                FUNCTIONS_MAX,
                "functions",
            ),
            Payload::TableSection(section) => self.tables(section),
            Payload::MemorySection(section) => self.memories(section),
            Payload::GlobalSection(section) => {
                add(&mut self.globals, section.count(), GLOBALS_MAX, "globals")
            }
            Payload::ExportSection(section) => add(
                &mut self.core_exports,
                section.count(),
                CORE_EXPORTS_MAX,
                "core exports",
            ),
            Payload::ElementSection(section) => add(
                &mut self.element_segments,
                section.count(),
                ELEMENT_SEGMENTS_MAX,
                "element segments",
            ),
            Payload::DataSection(section) => add(
                &mut self.data_segments,
                section.count(),
                DATA_SEGMENTS_MAX,
                "data segments",
            ),
            Payload::CodeSectionStart { size, .. } => {
                self.code_bytes = self.code_bytes.saturating_add(u64::from(*size));
                Ok(())
            }
            _ => self.count_component_section(payload),
        }
    }

    fn count_component_section(&mut self, payload: &Payload<'_>) -> Result<(), Refusal> {
        match payload {
            Payload::InstanceSection(section) => {
                for instance in section.clone() {
                    if let Instance::Instantiate { .. } = instance.map_err(invalid)? {
                        let max = u64::from(CORE_INSTANCES_MAX);
                        add(&mut self.core_instances, 1, max, "core instances")?;
                    }
                }
                Ok(())
            }
            Payload::ComponentInstanceSection(section) => add(
                &mut self.components,
                section.count(),
                COMPONENTS_MAX,
                "component instances",
            ),
            Payload::ComponentImportSection(section) => {
                add(&mut self.imports, section.count(), IMPORTS_MAX, "imports")
            }
            Payload::ComponentExportSection(section) => {
                add(&mut self.exports, section.count(), EXPORTS_MAX, "exports")
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section.clone() {
                    canonical(&function.map_err(invalid)?)?;
                }
                let max = CANONICAL_FUNCTIONS_MAX;
                add(
                    &mut self.canonical_functions,
                    section.count(),
                    max,
                    "lifted functions",
                )
            }
            _ => Ok(()),
        }
    }

    /// Counts the locals of a function.
    ///
    /// # Errors
    /// [`RefusalKind::StructureLimit`]: more locals than the code can need.
    pub(super) fn add_locals(&mut self, locals: u64) -> Result<(), Refusal> {
        self.locals = self.locals.saturating_add(locals);
        let max = LOCALS_FLOOR.max(self.code_bytes / CODE_BYTES_PER_LOCAL);
        if self.locals > max {
            return Err(over("locals of all functions", self.locals, max));
        }
        Ok(())
    }

    fn enter(&mut self, encoding: Encoding) -> Result<(), Refusal> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(over(
                "levels of nested components",
                self.depth as u64,
                DEPTH_MAX as u64,
            ));
        }
        match encoding {
            Encoding::Module => add(&mut self.modules, 1, MODULES_MAX, "core modules"),
            Encoding::Component => add(&mut self.components, 1, COMPONENTS_MAX, "components"),
        }
    }

    fn core_imports(
        &mut self,
        section: &wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), Refusal> {
        add(
            &mut self.core_imports,
            section.count(),
            CORE_IMPORTS_MAX,
            "core imports",
        )?;
        for import in section.clone().into_imports() {
            match import.map_err(invalid)?.ty {
                TypeRef::Table(table) => check_table(&table)?,
                TypeRef::Memory(memory) => check_memory(&memory)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn tables(
        &mut self,
        section: &SectionLimited<'_, wasmparser::Table<'_>>,
    ) -> Result<(), Refusal> {
        if section.count() > TABLES_PER_MODULE_MAX {
            let (got, max) = (section.count().into(), TABLES_PER_MODULE_MAX.into());
            return Err(over("tables of one module", got, max));
        }
        add(
            &mut self.tables,
            section.count(),
            TABLES_MAX.into(),
            "tables",
        )?;
        for table in section.clone() {
            check_table(&table.map_err(invalid)?.ty)?;
        }
        Ok(())
    }

    fn memories(&mut self, section: &SectionLimited<'_, MemoryType>) -> Result<(), Refusal> {
        if section.count() > MEMORIES_PER_MODULE_MAX {
            let (got, max) = (section.count().into(), MEMORIES_PER_MODULE_MAX.into());
            return Err(over("memories of one module", got, max));
        }
        add(
            &mut self.memories,
            section.count(),
            MEMORIES_MAX.into(),
            "memories",
        )?;
        for memory in section.clone() {
            check_memory(&memory.map_err(invalid)?)?;
        }
        Ok(())
    }
}

fn add(counter: &mut u64, more: u32, max: u64, what: &str) -> Result<(), Refusal> {
    *counter = counter.saturating_add(u64::from(more));
    if *counter > max {
        Err(over(what, *counter, max))
    } else {
        Ok(())
    }
}

/// Refuses a structure that is larger than its cap.
pub(super) fn over(what: &str, got: u64, max: u64) -> Refusal {
    Refusal::new(
        RefusalKind::StructureLimit,
        format!("{got} {what}, at most {max} are allowed"),
        "build for size, or split the contract",
    )
}

fn invalid(error: wasmparser::BinaryReaderError) -> Refusal {
    Refusal::invalid(&error)
}

fn types(section: &TypeSectionReader<'_>) -> Result<(), Refusal> {
    for group in section.clone() {
        for ty in group.map_err(invalid)?.into_types() {
            if let CompositeInnerType::Func(function) = &ty.composite_type.inner {
                let most = function.params().len().max(function.results().len());
                if most > PARAMETERS_MAX {
                    let what = "parameters or results of one function";
                    return Err(over(what, most as u64, PARAMETERS_MAX as u64));
                }
            }
        }
    }
    Ok(())
}

fn check_table(table: &TableType) -> Result<(), Refusal> {
    if table.initial > TABLE_ELEMENTS_MAX {
        return Err(over(
            "elements of a table at the start",
            table.initial,
            TABLE_ELEMENTS_MAX,
        ));
    }
    Ok(())
}

fn check_memory(memory: &MemoryType) -> Result<(), Refusal> {
    let pages = memory.initial.max(memory.maximum.unwrap_or(0));
    if pages > MEMORY_PAGES_MAX {
        return Err(over("pages of memory", pages, MEMORY_PAGES_MAX));
    }
    Ok(())
}

/// Allows strings as UTF-8 only: one encoding less to get wrong on the host's side.
fn canonical(function: &CanonicalFunction) -> Result<(), Refusal> {
    let (CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. }) =
        function
    else {
        return Ok(());
    };
    let other = |option: &CanonicalOption| {
        matches!(
            option,
            CanonicalOption::UTF16 | CanonicalOption::CompactUTF16
        )
    };
    if options.iter().any(other) {
        return Err(Refusal::new(
            RefusalKind::Invalid,
            "strings are passed as UTF-16",
            "build the component with UTF-8 strings",
        ));
    }
    Ok(())
}
