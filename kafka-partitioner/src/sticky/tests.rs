//! Sticky choices, alone and in company.
