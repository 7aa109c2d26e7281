"""What people see of the record: who looked at them, proofs, questions, seals, whole days."""
