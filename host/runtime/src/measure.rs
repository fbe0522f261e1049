//! For the benchmark only: what being interruptible costs a guest that computes.

use std::time::{Duration, Instant};

use wasmtime::component::{Component, Linker, Val};
use wasmtime::{Config, Engine, Store};

/// Time of one call of `interface`'s `function` with one `u32`, without and with the checks that let the host stop it.
/// The best of several runs each, because only the guest's own work is of interest. The component runs outside of the
/// sandbox's limits and without imports: for the host's own test guests, never for a stranger's.
///
/// # Errors
/// When the component has no such function or needs an import for it.
pub fn interruption(component: &[u8], interface: &str, function: &str, argument: u32) -> Result<[Duration; 2], String> {
    let run = |interruptible| {
        best(component, interface, function, argument, interruptible).map_err(|error| format!("{error:#}"))
    };
    Ok([run(false)?, run(true)?])
}

/// Runs of which the best counts.
const RUNS: usize = 5;

fn best(
    component: &[u8],
    interface: &str,
    function: &str,
    argument: u32,
    interruptible: bool,
) -> wasmtime::Result<Duration> {
    let mut settings = Config::new();
    settings.wasm_component_model(true).epoch_interruption(interruptible);
    let engine = Engine::new(&settings)?;
    let component = Component::from_binary(&engine, component)?;
    let mut linker = Linker::<()>::new(&engine);
    linker.define_unknown_imports_as_traps(&component)?;
    let mut best = Duration::MAX;
    for _ in 0..RUNS {
        let mut store = Store::new(&engine, ());
        if interruptible {
            store.set_epoch_deadline(u64::MAX / 2);
        }
        let instance = linker.instantiate(&mut store, &component)?;
        let missing = || wasmtime::format_err!("{interface} has no {function}");
        let parent = component.get_export_index(None, interface).ok_or_else(missing)?;
        let export = component.get_export_index(Some(&parent), function).ok_or_else(missing)?;
        let called = instance.get_func(&mut store, export).ok_or_else(missing)?;
        let mut results = [Val::Bool(false)];
        let begun = Instant::now();
        called.call(&mut store, &[Val::U32(argument)], &mut results)?;
        best = best.min(begun.elapsed());
    }
    Ok(best)
}
