//! Starts the binary: allocator, then `cli::main`. Nothing else lives here.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(bundlegate::cli::main() as u8)
}
