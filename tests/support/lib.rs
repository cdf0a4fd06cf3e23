//! Scenario language shared by the tests.
