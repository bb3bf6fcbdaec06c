//! The keychain of the machine, for keys of local development: macOS Keychain, Windows Credential Manager, and on Linux
//! the Secret Service of the desktop (specifications.freedesktop.org/secret-service). Where none answers there, as on a
//! server, the kernel's keyring takes its place, which forgets when the machine restarts.

use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error};

use crate::secret::Secret;

/// Under which service our entries stand.
const SERVICE: &str = "bundlegate";

/// The secret of that name; `None` when there is none.
///
/// # Errors
/// No keychain can be reached, as a sentence.
pub fn read(name: &str) -> Result<Option<Secret>, String> {
    let found = first(name, |entry| match entry.get_secret() {
        Ok(bytes) => Ok(Some(Secret::new(bytes))),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error),
    });
    found.map(|found| found.map(|(secret, _)| secret))
}

/// Puts a secret under a name; one that was there is replaced. Returns the keychain that took it.
///
/// # Errors
/// No keychain can be reached, as a sentence.
pub fn write(name: &str, secret: &Secret) -> Result<&'static str, String> {
    let written = first(name, |entry| entry.set_secret(secret.expose()).map(Some))?;
    written.map(|((), place)| place).ok_or_else(|| "this machine has no keychain".to_owned())
}

/// A keychain, if it can be reached.
type Place = (&'static str, Result<Arc<CredentialStore>, Error>);

/// The keychains of this machine, each opened when it is its turn.
fn places() -> Vec<fn() -> Place> {
    #[cfg(target_os = "linux")]
    return vec![
        || {
            (
                "the Secret Service",
                zbus_secret_service_keyring_store::Store::new().map(|it| it as _),
            )
        },
        || ("the kernel's keyring", linux_keyutils_keyring_store::Store::new().map(|it| it as _)),
    ];
    #[cfg(target_os = "macos")]
    return vec![|| {
        ("the keychain", apple_native_keyring_store::keychain::Store::new().map(|it| it as _))
    }];
    #[cfg(windows)]
    return vec![|| {
        ("the credential manager", windows_native_keyring_store::Store::new().map(|it| it as _))
    }];
}

/// What the first keychain gives that has something, and which one that is. One that is not there is passed over; one that is
/// there and refuses, because it is locked for instance, ends the search: another one might have an older key. That nothing
/// is found counts only when all of them were asked.
fn first<T>(
    name: &str,
    ask: impl Fn(&Entry) -> Result<Option<T>, Error>,
) -> Result<Option<(T, &'static str)>, String> {
    let mut absent = Vec::new();
    for open in places() {
        let (place, store) = open();
        let failed = |error: &Error| format!("{place}: {}", sentence(error));
        let store = match store {
            Ok(store) => store,
            Err(error) => {
                absent.push(failed(&error));
                continue;
            }
        };
        let entry = store.build(SERVICE, name, None).map_err(|error| failed(&error))?;
        if let Some(value) = ask(&entry).map_err(|error| failed(&error))? {
            return Ok(Some((value, place)));
        }
    }
    if absent.is_empty() {
        Ok(None)
    } else {
        Err(format!("`{name}` is in no keychain that answers ({})", absent.join("; ")))
    }
}

/// What went wrong, without what some errors carry: the secret itself.
fn sentence(error: &Error) -> String {
    match error {
        Error::PlatformFailure(cause) | Error::NoStorageAccess(cause) => cause.to_string(),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => "the entry is not of ours".to_owned(),
        _ => "it does not answer".to_owned(),
    }
}
