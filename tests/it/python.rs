//! Where `./run test` puts the programs that the tests set beside ours, and those in Python among them.

use std::path::PathBuf;

use tokio::process::Command;

/// Python, with the packages that were installed under that name. It ends with its handle.
pub(crate) fn python(name: &str) -> Command {
    let tools = tools();
    // Where Python itself had to be unpacked, it lies there too.
    let unpacked = tools.join("python-unpacked/python3");
    let mut python = Command::new(if unpacked.exists() { unpacked } else { "python3".into() });
    python.env("PYTHONPATH", tools.join(name)).kill_on_drop(true);
    python
}

/// Where `./run` puts what tests need.
#[expect(clippy::disallowed_methods, reason = "tests are an edge")]
pub(crate) fn tools() -> PathBuf {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(tools) = named("PARVANEH_TOOLS") {
        return tools.into();
    }
    let cache = named("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(named("HOME")?).join(".cache")));
    cache.unwrap_or_default().join("parvaneh/tools")
}
