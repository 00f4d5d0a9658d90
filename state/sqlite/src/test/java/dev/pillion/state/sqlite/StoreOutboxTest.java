// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.sqlite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentSpec;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.runtime.EmbeddedRuntime;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Dapr's outbox on a SQLite file: the rows as a daprd would write and find them. */
class StoreOutboxTest {
  @TempDir
  private Path folder;

  private final BlockingQueue<String> news = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> internal = new LinkedBlockingQueue<>();

  private static ComponentSpec spec(String name, String type, Map<String, String> settings) {
    return new ComponentSpec(
        name,
        type,
        "v1",
        ComponentMetadata.of(settings),
        ComponentSpec.DEFAULT_INIT_TIMEOUT,
        false);
  }

  private EmbeddedRuntime start() {
    var runtime = EmbeddedRuntime.builder("shop")
        .namespace("")
        .component(spec("bus", "pubsub.in-memory", Map.of()))
        .component(spec("inner", "pubsub.in-memory", Map.of()))
        .component(spec(
            "st",
            "state.sqlite",
            Map.of(
                "connectionString", file().toString(),
                "outboxPublishPubsub", "bus",
                "outboxPublishTopic", "news",
                "outboxPubsub", "inner")))
        .start();
    runtime.subscribe(
        "bus",
        "news",
        byte[].class,
        SubscribeOptions.defaults().raw(),
        (event, delivery) -> taken(news, event.requireData()));
    runtime.subscribe(
        "inner",
        "shopnewsoutbox",
        byte[].class,
        SubscribeOptions.defaults().raw().consumerId("spy"),
        (event, delivery) -> taken(internal, event.requireData()));
    return runtime;
  }

  private static DeliveryResult taken(BlockingQueue<String> queue, byte[] bytes) {
    queue.add(new String(bytes, UTF_8));
    return DeliveryResult.SUCCESS;
  }

  private Path file() {
    return folder.resolve("state.db");
  }

  private Connection raw() throws SQLException {
    return DriverManager.getConnection("jdbc:sqlite:" + file());
  }

  private List<String> rows() throws SQLException {
    var rows = new ArrayList<String>();
    try (var connection = raw();
        var statement = connection.createStatement();
        var found = statement.executeQuery(
            "SELECT key, value, is_binary, expiration_time FROM state ORDER BY key")) {
      while (found.next()) {
        rows.add("%s %s %s %s"
            .formatted(
                found.getString(1), found.getString(2), found.getInt(3), found.getString(4)));
      }
    }
    return rows;
  }

  private static String next(BlockingQueue<String> queue) throws InterruptedException {
    var next = queue.poll(20, TimeUnit.SECONDS);
    assertThat(next).as("an event within 20 s").isNotNull();
    return next;
  }

  @Test
  void anEventFollowsItsTransactionAndItsMarkerGoes() throws Exception {
    try (var runtime = start()) {
      runtime.state("st").transaction(tx -> tx.save("k", Map.of("a", 1)));
      var waiting = next(internal);
      assertThat(next(news))
          .isEqualTo(waiting
              .replace("\"topic\":\"\"", "\"topic\":\"news\"")
              .replace("\"pubsubname\":\"inner\"", "\"pubsubname\":\"bus\""));
    }
    assertThat(rows()).containsExactly("shop||k {\"a\":1} 0 null");
  }

  /** What a daprd leaves behind that dies between its transaction and the forwarding. */
  @Test
  void theRowAndEventOfADaprdAreTakenUp() throws Exception {
    var id = "outbox-6f1e2a3b-0c4d-4e5f-8a9b-0c1d2e3f4a5b";
    try (var runtime = start()) {
      try (var connection = raw();
          var statement = connection.createStatement()) {
        statement.execute("INSERT INTO state (key, value, is_binary, etag) VALUES ('" + id
            + "', '\"0\"', 0, 'e')");
      }
      runtime
          .topic("inner", "shopnewsoutbox")
          .publish(
              ("{\"data\":{\"a\":1},\"datacontenttype\":\"application/json\",\"id\":\"" + id
                      + "\",\"pubsubname\":\"inner\",\"topic\":\"\",\"zone\":\"z\"}")
                  .getBytes(UTF_8),
              PublishOptions.defaults().raw());
      assertThat(next(news))
          .isEqualTo("{\"data\":{\"a\":1},\"datacontenttype\":\"application/json\",\"id\":\"" + id
              + "\",\"pubsubname\":\"bus\",\"topic\":\"news\",\"zone\":\"z\"}");
    }
    assertThat(rows()).isEmpty();
  }

  /** A process that dies after its transaction: the marker is what Dapr looks for. */
  @Test
  void theMarkerIsWrittenWithTheTransactionAsDaprWritesIt() throws Exception {
    try (var connection = raw()) {
      // Nothing forwards while this lasts: the marker can't be deleted.
      try (var runtime = start()) {
        try (var statement = connection.createStatement()) {
          statement.execute(
              "CREATE TRIGGER keep BEFORE DELETE ON state BEGIN SELECT RAISE(ABORT, 'kept'); END");
        }
        runtime.state("st").transaction(tx -> tx.save("k", 1));
        next(news);
      }
    }
    assertThat(rows()).hasSize(2).anySatisfy(row -> assertThat(row)
        .matches("outbox-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12} \"0\" 0 null"));
  }
}
