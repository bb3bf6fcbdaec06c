//! The keychain of the machine, for keys of local development: macOS Keychain, Windows Credential Manager, and on Linux
//! the kernel's keyring, which forgets when the machine restarts.

use keyring_core::Entry;

use crate::secret::Secret;

/// Under which service our entries stand.
const SERVICE: &str = "bundlegate";

/// The secret of that name; `None` when there is none.
///
/// # Errors
/// The keychain cannot be reached, as a sentence.
pub fn read(name: &str) -> Result<Option<Secret>, String> {
    match entry(name)?.get_secret() {
        Ok(bytes) => Ok(Some(Secret::new(bytes))),
        Err(keyring_core::Error::NoEntry) => Ok(None),
        Err(error) => Err(sentence(&error)),
    }
}

/// Puts a secret under a name; one that was there is replaced.
///
/// # Errors
/// The keychain cannot be reached, as a sentence.
pub fn write(name: &str, secret: &Secret) -> Result<(), String> {
    entry(name)?.set_secret(secret.expose()).map_err(|error| sentence(&error))
}

fn entry(name: &str) -> Result<Entry, String> {
    if keyring_core::get_default_store().is_none() {
        #[cfg(target_os = "linux")]
        let store = linux_keyutils_keyring_store::Store::new();
        #[cfg(target_os = "macos")]
        let store = apple_native_keyring_store::keychain::Store::new();
        #[cfg(windows)]
        let store = windows_native_keyring_store::Store::new();
        keyring_core::set_default_store(store.map_err(|error| sentence(&error))?);
    }
    Entry::new(SERVICE, name).map_err(|error| sentence(&error))
}

/// What went wrong, without what some errors carry: the secret itself.
fn sentence(error: &keyring_core::Error) -> String {
    use keyring_core::Error;
    match error {
        Error::PlatformFailure(cause) | Error::NoStorageAccess(cause) => {
            format!("the keychain cannot be used: {cause}")
        }
        Error::BadEncoding(_) | Error::BadDataFormat(..) => "the entry is not of ours".to_owned(),
        _ => "the keychain cannot be used".to_owned(),
    }
}
