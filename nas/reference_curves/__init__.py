"""Networks beside curves of others at equal accuracy. Import its modules from outside."""
