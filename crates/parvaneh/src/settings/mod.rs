//! The settings of an installation: from the command line, the environment, credentials and a file.
//!
//! A setting is listed once, as an option of a command that can also be given by the environment.
//! Its key in a file is the variable's name without `PARVANEH_`, in lower case. What a file says
//! becomes the option's default before the command line is read, so that all sources end in the same
//! parser, and the nearer one wins: command line, environment, `…_FILE` in the environment, systemd's
//! credentials, file.

mod contradictions;
mod file;
mod keys;
mod sources;

#[cfg(test)]
mod tests;

pub(crate) use self::{
    contradictions::contradictions,
    file::masked,
    keys::Key,
    sources::{Origin, Settings, path},
};
