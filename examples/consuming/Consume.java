import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Reads trunkline.events and keeps what is true now of every fact.
 *
 * <pre>java -cp 'libs/*' Consume.java localhost:9092 [topic [group [schema [count]]]]</pre>
 */
public final class Consume {
    public static void main(String[] arguments) throws Exception {
        String brokers = argument(arguments, 0, "localhost:9092");
        String topic = argument(arguments, 1, "trunkline.events");
        String group = argument(arguments, 2, "consuming-java");
        Path schemaFile = Path.of(argument(arguments, 3, "schemas/event.json"));
        // Ends after so many events; 0 goes on for ever.
        long count = Long.parseLong(argument(arguments, 4, "0"));

        ObjectMapper json = new ObjectMapper();
        JsonSchema schema = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
                .getSchema(json.readTree(Files.readString(schemaFile)));
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", brokers,
                "group.id", group,
                // Events of transactions that were aborted are not for you.
                "isolation.level", "read_committed",
                "auto.offset.reset", "earliest",
                // Committed below, when the events are safe with us.
                "enable.auto.commit", false);

        Map<String, JsonNode> facts = new HashMap<>(); // your database: event key -> latest event
        long read = 0;
        long invalid = 0;
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(topic));
            while (count == 0 || read < count) {
                for (ConsumerRecord<String, String> message : consumer.poll(Duration.ofSeconds(1))) {
                    JsonNode event = json.readTree(message.value());
                    read++;
                    // Reported and taken all the same: a newer trunkline may say things an older schema does not know.
                    for (ValidationMessage error : schema.validate(event)) {
                        invalid++;
                        System.err.println("not as the schema says: " + error);
                    }
                    // The highest revision of a fact replaces the others. That also makes it harmless to read an event
                    // twice, which happens when this program dies before its commit.
                    JsonNode known = facts.get(event.get("key").asText());
                    if (known == null || event.get("revision").asLong() > known.get("revision").asLong()) {
                        facts.put(event.get("key").asText(), event);
                        System.out.println(event.get("type").asText() + " " + event.get("subject").asText()
                                + " r" + event.get("revision") + " " + event.path("outcome").asText("-"));
                    }
                }
                consumer.commitSync();
            }
        }
        System.out.println(read + " events, " + facts.size() + " facts, " + invalid + " not as the schema says");
        System.exit(invalid == 0 ? 0 : 1);
    }

    private static String argument(String[] arguments, int index, String otherwise) {
        return index < arguments.length ? arguments[index] : otherwise;
    }

    private Consume() {}
}
