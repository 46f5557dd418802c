//! `parvaneh completions`: what a shell needs to complete the command line.

use clap::CommandFactory;

use crate::{cli::Cli, failure::Failure, output::written};

/// Print a script with which a shell completes the command line
///
/// For bash:  parvaneh completions bash > ~/.local/share/bash-completion/completions/parvaneh
/// For zsh:   parvaneh completions zsh > "${fpath[1]}/_parvaneh"
/// For fish:  parvaneh completions fish > ~/.config/fish/completions/parvaneh.fish
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

impl Completions {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "parvaneh", &mut script);
        written(std::io::Write::write_all(&mut std::io::stdout(), &script))
    }
}
