// The load of bench's `transactions`, sent with Kafka's own producer. Same arguments, same line.
import java.lang.management.ManagementFactory;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class Transactions {
    public static void main(String[] args) {
        String topic = args[1];
        int count = Integer.parseInt(args[2]), records = Integer.parseInt(args[3]);
        byte[] value = new byte[Integer.parseInt(args[4])];
        Properties properties = new Properties();
        properties.put("bootstrap.servers", args[0]);
        properties.put("linger.ms", "0");
        if (records > 0) {
            properties.put("transactional.id", "bench-" + topic + "-java");
        }
        AtomicLong failed = new AtomicLong();
        try (var producer = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
            Runnable send = () -> producer.send(new ProducerRecord<>(topic, value), (metadata, error) -> {
                if (error != null) {
                    failed.incrementAndGet();
                }
            });
            if (records > 0) {
                producer.initTransactions();
            }
            // The virtual machine warms up before the clock starts.
            int warmUp = records == 0 ? 200_000 : Math.max(2, 200_000 / records);
            run(producer, send, warmUp, records);
            long started = System.nanoTime(), cpu = cpuTime();
            run(producer, send, count, records);
            double seconds = (System.nanoTime() - started) / 1e9, sent = (double) count * Math.max(records, 1);
            if (failed.get() > 0) {
                throw new IllegalStateException(failed + " records failed");
            }
            System.out.printf("%.1f transactions/s, %.0f records/s, %.0f ns of CPU per record%n",
                records == 0 ? 0 : count / seconds, sent / seconds, (cpuTime() - cpu) / sent);
        }
    }

    private static void run(KafkaProducer<byte[], byte[]> producer, Runnable send, int count, int records) {
        if (records == 0) {
            for (int i = 0; i < count; i++) {
                send.run();
            }
            producer.flush();
            return;
        }
        for (int i = 0; i < count; i++) {
            producer.beginTransaction();
            for (int j = 0; j < records; j++) {
                send.run();
            }
            producer.commitTransaction();
        }
    }

    private static long cpuTime() {
        var bean = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return bean.getProcessCpuTime();
    }
}
