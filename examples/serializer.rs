//! Sends a program's own types: a serializer for values, another for keys.

use anyhow::Result;
use kafka_producer::{Header, Producer, ProducerRecord, SerializationError, SerializeContext, Serializer};
use kafka_testkit::{ClusterConfig, LoopbackCluster};
use std::borrow::Borrow;
use std::io::Write;
use std::time::Duration;

struct Order {
    item: &'static str,
    count: u32,
}

/// Orders as lines of text. It takes `Order`, `&Order`, `Arc<Order>`: whatever an order can be borrowed from.
struct OrderSerializer;

impl<T: Borrow<Order>> Serializer<T> for OrderSerializer {
    fn serialize<'a>(
        &self,
        context: &mut SerializeContext<'_, '_>,
        data: &'a T,
        buffer: &'a mut Vec<u8>,
    ) -> Result<Option<&'a [u8]>, SerializationError> {
        let order = data.borrow();
        if order.count == 0 {
            return Err(SerializationError::new(format!("an order of no {}", order.item)));
        }
        // Readers learn how to read it from a header.
        context.headers.push(Header::new("content-type", "text/x-order"));
        // The buffer is reused from record to record.
        write!(buffer, "{} {}", order.count, order.item).map_err(SerializationError::new)?;
        Ok(Some(buffer))
    }
}

/// Numbers as Java's `LongSerializer` writes them: eight bytes, the highest first.
struct LongSerializer;

impl Serializer<i64> for LongSerializer {
    fn serialize<'a>(
        &self,
        _context: &mut SerializeContext<'_, '_>,
        data: &'a i64,
        buffer: &'a mut Vec<u8>,
    ) -> Result<Option<&'a [u8]>, SerializationError> {
        buffer.extend_from_slice(&data.to_be_bytes());
        Ok(Some(buffer))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let cluster = LoopbackCluster::start(ClusterConfig::new(1))?;
    let producer = Producer::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .key_serializer(LongSerializer)
        .value_serializer(OrderSerializer)
        .build()?;

    let apples = Order { item: "apples", count: 3 };
    println!("{}", producer.send_and_wait(ProducerRecord::new("orders").key(7_i64).value(&apples)).await?);
    let nothing = Order { item: "pears", count: 0 };
    match producer.send(ProducerRecord::new("orders").key(8_i64).value(nothing)).await {
        Ok(_) => println!("accepted"),
        Err(error) => println!("refused: {error}"),
    }
    // Without a value there is nothing to serialize: a tombstone.
    println!("{}", producer.send_and_wait(ProducerRecord::new("orders").key(7_i64)).await?);
    producer.close(Duration::from_secs(30)).await?;

    for record in cluster.records("orders", 0) {
        println!("in the log: {:?} → {:?}", record.key, record.value);
    }
    Ok(())
}
