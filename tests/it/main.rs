//! Whole-application tests.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod fault_answers;
mod fault_audit;
mod fault_callers;
mod fault_chaos;
mod fault_lateness;
mod fault_process;
mod fault_proxy;
mod fault_rights;
mod fault_server;
mod fault_worker;
mod fault_writer;
mod licences;
mod notice_digest;
mod notice_mail;
mod notice_peers;
mod notice_webhooks;
mod operations_server;
mod people;
mod sittings;
mod store_closures;
mod store_execute;
mod store_faults;
mod store_fixture;
mod store_migration;
mod store_reach;
mod store_read;
mod store_rights;
mod store_wall;
mod web_api;
mod web_bulk;
mod web_calendars;
mod web_cases;
mod web_fixture;
mod web_identity;
mod web_lending;
mod web_matrix;
mod web_matrix_resources;
mod web_oidc;
mod web_oidc_provider;
mod web_password;
mod web_second_factor;
mod web_sittings;
mod worker;
