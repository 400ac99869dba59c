//! A simulated Kafka cluster that checks what a broker checks, with fault rules, also on a loopback socket.
