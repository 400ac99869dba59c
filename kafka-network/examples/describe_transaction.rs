//! Describes a transaction: `cargo run -p kafka-network --example describe_transaction -- HOST:PORT TRANSACTIONAL_ID`.
//!
//! The coordinator of the id knows its state (KIP-664); any broker knows the coordinator.

use kafka_network::{BrokerAddress, Client, ClientConfig, TcpConfig, TcpConnector};
use kafka_protocol::messages::{DescribeTransactionsRequest, FindCoordinatorRequest};
use std::error::Error;

/// `FindCoordinatorRequest.KeyType`.
const TRANSACTION: i8 = 1;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(bootstrap), Some(id)) = (arguments.next(), arguments.next()) else {
        return Err("usage: describe_transaction HOST:PORT TRANSACTIONAL_ID".into());
    };
    let tcp = TcpConnector::new(TcpConfig::default());
    let client = Client::connect(&tcp, &bootstrap.parse()?, ClientConfig::default()).await?;
    let lookup = FindCoordinatorRequest {
        key_type: TRANSACTION,
        coordinator_keys: vec![id.as_str().into()],
        ..FindCoordinatorRequest::default()
    };
    let found = client.send(lookup).await?;
    let coordinator = found.coordinators.first().ok_or("the broker named no coordinator")?;
    if !coordinator.error_code.is_none() {
        return Err(format!("no coordinator: {}", coordinator.error_code).into());
    }
    let address = BrokerAddress::new(&*coordinator.host, u16::try_from(coordinator.port)?);
    let client = Client::connect(&tcp, &address, ClientConfig::default()).await?;
    let request =
        DescribeTransactionsRequest { transactional_ids: vec![id.as_str().into()], ..Default::default() };
    let response = client.send(request).await?;
    let state = response.transaction_states.first().ok_or("the coordinator said nothing")?;
    if !state.error_code.is_none() {
        return Err(format!("{id}: {}", state.error_code).into());
    }
    println!("transactional id  {id}");
    println!("coordinator       {} at {address}", coordinator.node_id);
    println!("producer          {}, epoch {}", state.producer_id, state.producer_epoch);
    println!("state             {}", state.transaction_state);
    println!("timeout           {} ms", state.transaction_timeout_ms);
    if state.transaction_start_time_ms >= 0 {
        println!("started           {} ms after 1970", state.transaction_start_time_ms);
    }
    for topic in &state.topics {
        for partition in &topic.partitions {
            println!("partition         {}-{partition}", topic.topic);
        }
    }
    Ok(())
}
