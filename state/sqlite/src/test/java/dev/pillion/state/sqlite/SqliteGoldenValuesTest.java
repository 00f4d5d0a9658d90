// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.sqlite;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.pillion.ComponentException;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.Consistency;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.Condition;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateValue;
import dev.pillion.testservers.RawDatabase;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rows a daprd writes and reads, written and read by us. */
class SqliteGoldenValuesTest {
  private static final String UUID_TEXT =
      "'[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'";
  private static final String KEY =
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
  /** "hello" encrypted with it, as Dapr does with the bytes 0 to 11 as its nonce. */
  private static final String E1 = "AAECAwQFBgcICQoLL2e6d6onl/81O4oEbSgjbc2dBXu7||state-key";

  private static final String RECORD = "[A-Za-z0-9+/]{44}\\|\\|state-key";
  private static final String TIME_TEXT = "'\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d'";
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("''yyyy-MM-dd HH:mm:ss''");

  @TempDir
  Path directory;

  private Opened ours;
  private RawDatabase raw;

  @BeforeEach
  void open() {
    ours = new Opened(SqliteStateStore.at(directory.resolve("state.db")));
    raw = new RawDatabase(directory.resolve("state.db"));
  }

  @AfterEach
  void close() {
    raw.close();
    ours.close();
  }

  /** S1 to S6 and S8: key, is it structured, its bytes, the text in the row. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '~',
      value = {
        "orders||k1; true; \"abc\"; \"abc\"; 0",
        "orders||k1; false; abc; YWJj; 1",
        "orders||k1; true; {\"a\":1,\"b\":\"\\u003cx\\u003e\"}; {\"a\":1,\"b\":\"\\u003cx\\u003e\"}; 0",
        "orders||k1; true; {\"a\":1}; {\"a\":1}; 0",
        "orders||k1; false; {\"a\": 1}; eyJhIjogMX0=; 1",
        "orders||k1; true; null; null; 0",
        "outbox-1; true; \"0\"; \"0\"; 0",
        "orders||k1; false; ~~; ~~; 1",
        "orders||k1; true; \"Grüße, 世界 🎈\"; \"Grüße, 世界 🎈\"; 0"
      })
  void everyGoldenRowIsWrittenAndRead(
      String key, boolean structured, String bytes, String text, int isBinary) {
    ours.store.apply(Opened.put(key, bytes, structured, null), Deadline.none());
    var rows = raw.rows("state", "key, value, is_binary, expiration_time, etag, update_time", "1");
    assertThat(rows).hasSize(1);
    assertThat(rows.get(0).subList(0, 4))
        .containsExactly("'" + key + "'", "'" + text + "'", "" + isBinary, "NULL");
    assertThat(rows.get(0).get(4)).matches(UUID_TEXT);
    assertThat(rows.get(0).get(5)).matches(TIME_TEXT);

    insert("other", text, isBinary, "NULL");
    var read = ours.get("other").orElseThrow();
    assertThat(read.bytes()).asString(StandardCharsets.UTF_8).isEqualTo(bytes);
    assertThat(read.etag()).isEqualTo("0b9ba9a4-9f44-4d7c-8f3c-2d1e7a3ce0ab");
    assertThat(read.expiresAt()).isNull();
    var many = ours.store.getAll(List.of("other", "none"), ReadOptions.defaults(), Deadline.none());
    assertThat(many.found()).containsOnlyKeys("other");
    assertThat(many.found().get("other").bytes()).isEqualTo(read.bytes());
  }

  @Test
  void everyByteSurvives() {
    var all = new byte[256];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }
    ours.store.apply(
        new StateChange.Put(
            "k",
            new StateValue(all, false),
            Condition.none(),
            null,
            Consistency.EVENTUAL,
            Map.of()),
        Deadline.none());
    assertThat(ours.get("k").orElseThrow().bytes()).isEqualTo(all);
  }

  /** S7. */
  @Test
  void anExpiryIsWrittenAsTextOfWholeSecondsInUtc() {
    var before = Instant.now();
    ours.store.apply(Opened.put("k", "\"abc\"", true, Duration.ofSeconds(60)), Deadline.none());
    var text = raw.rows("state", "expiration_time", "key = 'k'").get(0).get(0);
    assertThat(text).matches(TIME_TEXT);
    assertThat(LocalDateTime.parse(text, TIME).toInstant(ZoneOffset.UTC))
        .isCloseTo(before.plusSeconds(60), within(5, ChronoUnit.SECONDS));

    ours.save("k", "again");
    assertThat(raw.rows("state", "expiration_time", "key = 'k'")).containsExactly(List.of("NULL"));
  }

  @Test
  void anExpiryOfDaprsIsRead() {
    insert("k", "YWJj", 1, "'2126-01-02 03:05:05'");
    assertThat(ours.get("k").orElseThrow().expiresAt())
        .isEqualTo(Instant.parse("2126-01-02T03:05:05Z"));
  }

  @Test
  void anExpiredRowOfDaprsIsNotThere() {
    insert("k", "YWJj", 1, "'2026-01-02 03:05:05'");
    assertThat(ours.get("k")).isEmpty();
  }

  @Test
  void aDamagedBinaryValueFailsAloneInABulkRead() {
    insert("good", "YWJj", 1, "NULL");
    insert("bad", "no base64!", 1, "NULL");
    assertThatExceptionOfType(ComponentException.class)
        .isThrownBy(() -> ours.get("bad"))
        .withMessageContaining("\"bad\"");
    var many = ours.store.getAll(List.of("good", "bad"), ReadOptions.defaults(), Deadline.none());
    assertThat(many.found()).containsOnlyKeys("good");
    assertThat(many.failures()).containsOnlyKeys("bad");
  }

  @Test
  void aBulkReadOfManyKeysFindsEachOfThem() {
    var changes = new ArrayList<StateChange>();
    var keys = new ArrayList<String>();
    for (int i = 0; i < 1000; i++) {
      keys.add("k" + i);
      changes.add(Opened.put("k" + i, "v" + i, false, null));
    }
    assertThat(ours.store.applyAll(changes, Deadline.none())).isEmpty();
    for (int count : new int[] {1, 2, 3, 255, 256, 257, 1000}) {
      var part = keys.subList(0, count);
      var found =
          ours.store.getAll(part, ReadOptions.defaults(), Deadline.none()).found();
      assertThat(found.keySet()).containsExactlyInAnyOrderElementsOf(part);
      found.forEach((key, value) -> assertThat(value.bytes())
          .asString(StandardCharsets.UTF_8)
          .isEqualTo("v" + key.substring(1)));
    }
  }

  /** E1: the record, as text, is opaque bytes, and so lies there as base64 again. */
  @Test
  void anEncryptedValueIsDaprsRecord() {
    var base64 = "QUFFQ0F3UUZCZ2NJQ1FvTEwyZTZkNm9ubC84MU80b0ViU2dqYmMyZEJYdTd8fHN0YXRlLWtleQ==";
    assertThat(Base64.getDecoder().decode(base64)).asString(US_ASCII).isEqualTo(E1);
    insert("orders||e1", base64, 1, "NULL");
    try (var runtime = encrypted()) {
      var orders = runtime.state("st");
      assertThat(orders.get("e1", byte[].class)).contains("hello".getBytes(US_ASCII));

      orders.save("ours", "hello".getBytes(US_ASCII));
      var row = raw.rows("state", "value, is_binary", "key = 'orders||ours'").get(0);
      assertThat(row.get(1)).isEqualTo("1");
      assertThat(Base64.getDecoder().decode(row.get(0).replace("'", "")))
          .asString(US_ASCII)
          .matches(RECORD);
      assertThat(orders.get("ours", byte[].class)).contains("hello".getBytes(US_ASCII));
    }
  }

  @Test
  void theLargestValueFitsARowOfDaprsInBase64() {
    long base64 = (ours.store.maxValueSize() + 2L) / 3 * 4;
    assertThat(base64).isLessThan(1_000_000_000L - 1_000_000);
  }

  private EmbeddedRuntime encrypted() {
    var metadata = ComponentMetadata.of(
        Map.of(
            "connectionString",
            directory.resolve("state.db").toString(),
            "primaryEncryptionKey",
            KEY),
        Map.of("primaryEncryptionKey", "state-key"));
    return EmbeddedRuntime.builder("orders")
        .component(
            new ComponentSpec("st", "state.sqlite", "v1", metadata, Duration.ofSeconds(5), false))
        .start();
  }

  private void insert(String key, String value, int isBinary, String expiry) {
    raw.execute(
        "INSERT OR REPLACE INTO state (key, value, is_binary, etag, update_time, expiration_time)"
            + " VALUES ('%s', '%s', %d, '0b9ba9a4-9f44-4d7c-8f3c-2d1e7a3ce0ab', CURRENT_TIMESTAMP, %s)"
                .formatted(key, value, isBinary, expiry));
  }
}
