//! What is done with a store: `push`, `pull`, `promote`, `rollback`, `list`, `prune`.

use super::Outcome;
use crate::config::Config;
use crate::diag::{Diagnostic, ExitCode};
use crate::report::{Gate, GateResult};
use crate::seal::Sealed;
use crate::store::Store;

pub(super) fn store(config: &Config, sealed: &Sealed, outcome: &mut Outcome) -> Gate {
    let stored = Store::open(&config.store, &config.root).and_then(|store| store.put(sealed));
    match stored {
        Ok(deployed) => {
            outcome.done.push(format!("stored {} in {}", deployed.manifest_key, config.store));
            let evidence = format!(
                "`{}` in `{}`: {} files written, {} there already",
                deployed.manifest_key, config.store, deployed.written, deployed.kept
            );
            Gate { name: "Store", result: GateResult::Pass, evidence }
        }
        Err(error) => {
            let evidence = error.to_string();
            outcome.error(ExitCode::Store, Diagnostic::error("store/failed", evidence.clone()));
            Gate { name: "Store", result: GateResult::Fail, evidence }
        }
    }
}
