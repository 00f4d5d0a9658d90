// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import static dev.pillion.state.postgresql.TestStore.apply;
import static dev.pillion.state.postgresql.TestStore.bytes;
import static dev.pillion.state.postgresql.TestStore.deleteIfMatch;
import static dev.pillion.state.postgresql.TestStore.etag;
import static dev.pillion.state.postgresql.TestStore.get;
import static dev.pillion.state.postgresql.TestStore.ifMatch;
import static dev.pillion.state.postgresql.TestStore.json;
import static dev.pillion.state.postgresql.TestStore.put;
import static dev.pillion.state.postgresql.TestStore.text;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.ComponentException;
import dev.pillion.EtagMismatchException;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentSpec;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.Condition;
import dev.pillion.testservers.PostgresServer;
import dev.pillion.testservers.RealServers;
import java.net.URI;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Dapr's golden rows, written by us and read as rows, and written as rows and read by us. */
@ExtendWith(RealServers.class)
class GoldenRowsIT {
  private static final String UUID_V4 =
      "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";

  private static final String KEY =
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
  /** "hello" encrypted with it, as Dapr does with the bytes 0 to 11 as its nonce. */
  private static final String E1 = "AAECAwQFBgcICQoLL2e6d6onl/81O4oEbSgjbc2dBXu7||state-key";

  private static final String RECORD = "[A-Za-z0-9+/]{44}\\|\\|state-key";

  private final String user;
  private final String password;
  private final Sql sql;
  private final PostgresStateStore v2;
  private final PostgresStateStore v1;

  GoldenRowsIT(PostgresServer server) {
    var url = Databases.withUser(server, server.newDatabase());
    sql = new Sql(url);
    user = server.user();
    password = server.password();
    v2 = TestStore.open(PostgresStateStore.builder(url).tablePrefix("app1_").build());
    v1 = TestStore.open(PostgresStateStore.builder(url).version("v1").build());
  }

  @AfterEach
  void close() {
    v1.close();
    v2.close();
  }

  /** What is written: structured or bytes, and the text; what the rows hold. */
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "S1; true; \"abc\"; \"abc\"|f; \\x2261626322",
        "S2; false; abc; \"YWJj\"|t; \\x616263",
        "S3; true; {\"a\":1,\"b\":\"\\u003cx\\u003e\"}; {\"a\": 1, \"b\": \"<x>\"}|f;"
            + " \\x7b2261223a312c2262223a225c7530303363785c7530303365227d",
        "S4; true; {\"a\":1}; {\"a\": 1}|f; \\x7b2261223a317d",
        "S5; false; {\"a\": 1}; \"eyJhIjogMX0=\"|t; \\x7b2261223a20317d",
        "S6; true; null; null|f; \\x6e756c6c",
        "S8; true; \"0\"; \"0\"|f; \\x223022",
        "empty; false; ``; \"\"|t; \\x"
      })
  void valuesLieAsDaprsDo(String name, boolean isJson, String value, String row1, String row2)
      throws SQLException {
    var key = "orders||" + name;
    var change = put(key, value, isJson, Condition.none(), null);
    apply(v1, change);
    apply(v2, change);

    assertThat(sql.one("SELECT value, isbinary, expiredate, updatedate FROM state"))
        .isEqualTo(row1 + "|null|null");
    assertThat(sql.one("SELECT value, expires_at, updated_at, etag FROM app1_state"))
        .matches(row2.replace("\\", "\\\\") + "\\|null\\|null\\|" + UUID_V4);
    assertThat(text(v2, key)).isEqualTo(value);
    assertThat(text(v1, key)).isEqualTo(isJson ? row1.replace("|f", "") : value);
    assertThat(etag(v1, key)).isEqualTo(sql.one("SELECT xmin FROM state"));
    assertThat(etag(v2, key)).isEqualTo(sql.one("SELECT etag FROM app1_state"));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "S1; \"abc\"; false; \\x2261626322; \"abc\"; \"abc\"",
        "S2; \"YWJj\"; true; \\x616263; abc; abc",
        "S3; {\"b\":\"<x>\",\"a\":1}; false; \\x7b2261223a317d; {\"a\": 1, \"b\": \"<x>\"}; {\"a\":1}",
        "S6; null; false; \\x6e756c6c; null; null",
        "empty; \"\"; true; \\x; ``; ``"
      })
  void rowsOfDaprAreRead(
      String name, String jsonb, boolean binary, String bytea, String one, String two)
      throws SQLException {
    sql.run(
        "INSERT INTO state (key, value, isbinary) VALUES ('k', '%s', %s)".formatted(jsonb, binary),
        "INSERT INTO app1_state (key, value) VALUES ('k', '%s')".formatted(bytea));
    assertThat(text(v1, "k")).isEqualTo(one);
    assertThat(text(v2, "k")).isEqualTo(two);
    assertThat(v1.getAll(
                List.of("k", "none"), ReadOptions.defaults(), TestStore.in(Duration.ofSeconds(9)))
            .found())
        .containsOnlyKeys("k");
  }

  @Test
  void expiryIsATimeByTheServersClock() throws SQLException {
    var change = put("k", "\"abc\"", true, Condition.none(), Duration.ofSeconds(60));
    apply(v1, change);
    apply(v2, change);
    assertThat(sql.one("SELECT extract(epoch FROM expiredate - insertdate)::int FROM state"))
        .isEqualTo("60");
    assertThat(sql.one("SELECT extract(epoch FROM expires_at - created_at)::int FROM app1_state"))
        .isEqualTo("60");
    for (PostgresStateStore store : List.of(v1, v2)) {
      assertThat(get(store, "k").orElseThrow().expiresAt())
          .isBetween(Instant.now().plusSeconds(50), Instant.now().plusSeconds(61));
    }
    sql.run(
        "UPDATE state SET expiredate = now() - interval '1 ms'",
        "UPDATE app1_state SET expires_at = now() - interval '1 ms'");
    assertThat(get(v1, "k")).isEmpty();
    assertThat(get(v2, "k")).isEmpty();
  }

  @Test
  void anUpdateKeepsTheRowsAgeAndSetsItsUpdate() throws SQLException {
    for (PostgresStateStore store : List.of(v1, v2)) {
      apply(store, put("k", "1", true, Condition.none(), Duration.ofSeconds(60)));
      apply(store, json("k", "2"));
      apply(store, ifMatch("k", "3", etag(store, "k")));
    }
    assertThat(sql.one(
            "SELECT value, isbinary, row_id, updatedate > insertdate, expiredate FROM state"))
        .isEqualTo("\"Mw==\"|t|1|t|null");
    assertThat(sql.one("SELECT value, row_id, updated_at > created_at, expires_at FROM app1_state"))
        .isEqualTo("\\x33|1|t|null");
  }

  @Test
  void aComponentFileMakesTheSameStore() throws SQLException {
    var metadata = new HashMap<>(settings());
    metadata.put("queryExecMode", "simple_protocol");
    metadata.put("tablePrefix", "app1_");
    var spec = ComponentSpec.of("st", "state.postgresql", metadata).version("v2");
    var store = TestStore.open((PostgresStateStore) new PostgresStateStore.Provider().create(spec));
    try {
      assertThat(spec.metadata().problems()).isEmpty();
      apply(store, bytes("k", "v"));
      assertThat(text(v2, "k")).isEqualTo("v");
      assertThat(text(store, "k")).isEqualTo("v");
    } finally {
      store.close();
    }
  }

  @Test
  void metadataRowsAreDaprs() throws SQLException {
    assertThat(sql.rows("SELECT key, value FROM dapr_metadata ORDER BY key"))
        .containsExactly("lock|lock", "migrations|3", "migrations-state-v2-app1_|2");
    var url = sql.url();
    TestStore.open(PostgresStateStore.builder(url)
            .metadataTableName("other_metadata")
            .tablePrefix("x_")
            .build())
        .close();
    assertThat(sql.rows("SELECT key, value FROM other_metadata ORDER BY key"))
        .containsExactly("lock|lock", "migrations-state-v2-x_|2");
  }

  @Test
  void columnsAndIndexesAreDaprs() throws SQLException {
    assertThat(columns("state"))
        .containsExactly(
            "key|text|f|null|",
            "value|jsonb|f|null|",
            "isbinary|boolean|f|null|",
            "insertdate|timestamp with time zone|f|now()|",
            "updatedate|timestamp with time zone|t|null|",
            "expiredate|timestamp with time zone|t|null|",
            "row_id|bigint|f|null|d");
    assertThat(columns("app1_state"))
        .containsExactly(
            "key|text|f|null|",
            "value|bytea|f|null|",
            "etag|uuid|f|gen_random_uuid()|",
            "created_at|timestamp with time zone|f|now()|",
            "updated_at|timestamp with time zone|t|null|",
            "expires_at|timestamp with time zone|t|null|",
            "row_id|bigint|f|null|d");
    assertThat(indexes("state")).containsExactly("state_pkey|t", "state_row_id_uidx|t");
    assertThat(indexes("app1_state"))
        .containsExactly(
            "app1_state_expires_at_idx|f", "app1_state_pkey|t", "app1_state_row_id_uidx|t");
  }

  /** E1: the record, as text, is opaque bytes, which version 1 keeps as base64 in a JSON string. */
  @Test
  void anEncryptedValueIsDaprsRecord() throws SQLException {
    var base64 = "QUFFQ0F3UUZCZ2NJQ1FvTEwyZTZkNm9ubC84MU80b0ViU2dqYmMyZEJYdTd8fHN0YXRlLWtleQ==";
    assertThat(Base64.getDecoder().decode(base64)).asString(US_ASCII).isEqualTo(E1);
    sql.run(
        "INSERT INTO state (key, value, isbinary) VALUES ('orders||e1', '\"%s\"', true)"
            .formatted(base64),
        "INSERT INTO app1_state (key, value, etag) VALUES ('orders||e1', '%s', gen_random_uuid())"
            .formatted(E1));
    for (String version : List.of("v1", "v2")) {
      try (var runtime = encrypted(version)) {
        var orders = runtime.state("st");
        assertThat(orders.get("e1", byte[].class)).contains("hello".getBytes(US_ASCII));
        orders.save("ours", "hello".getBytes(US_ASCII));
        assertThat(orders.get("ours", byte[].class)).contains("hello".getBytes(US_ASCII));
      }
    }
    assertThat(sql.one("""
        SELECT isbinary, convert_from(decode(value #>> '{}', 'base64'), 'UTF8') FROM state
        WHERE key = 'orders||ours'""")).matches("t\\|" + RECORD);
    assertThat(sql.one(
            "SELECT convert_from(value, 'UTF8') FROM app1_state WHERE key = 'orders||ours'"))
        .matches(RECORD);
  }

  @Test
  void theLargestValueFitsWhatTheServerHolds() {
    long base64 = (v1.maxValueSize() + 2L) / 3 * 4;
    assertThat(base64 + 2).as("a string in jsonb").isLessThan(256L << 20);
    assertThat((long) v2.maxValueSize()).as("one message").isLessThan((1L << 30) - (1 << 20));
  }

  private Map<String, String> settings() {
    var uri = URI.create(sql.url().substring("jdbc:".length()));
    var place = "host=%s port=%d dbname=%s"
        .formatted(uri.getHost(), uri.getPort(), uri.getPath().substring(1));
    return Map.of("connectionString", place, "user", user, "password", password);
  }

  private EmbeddedRuntime encrypted(String version) {
    var table =
        version.equals("v1") ? Map.of("tableName", "state") : Map.of("tablePrefix", "app1_");
    var settings = new HashMap<>(settings());
    settings.putAll(table);
    settings.put("primaryEncryptionKey", KEY);
    var metadata = ComponentMetadata.of(settings, Map.of("primaryEncryptionKey", "state-key"));
    return EmbeddedRuntime.builder("orders")
        .component(new ComponentSpec(
            "st", "state.postgresql", version, metadata, Duration.ofSeconds(5), false))
        .start();
  }

  private List<String> columns(String table) throws SQLException {
    return sql.rows("""
        SELECT attname, format_type(atttypid, NULL), NOT attnotnull, pg_get_expr(adbin, adrelid), attidentity
        FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attrelid = '%s'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum""".formatted(table));
  }

  private List<String> indexes(String table) throws SQLException {
    return sql.rows("""
        SELECT c.relname, indisunique FROM pg_index JOIN pg_class c ON c.oid = indexrelid
        WHERE indrelid = '%s'::regclass ORDER BY c.relname""".formatted(table));
  }

  @Test
  void anySpellingOfAUuidMatches() {
    apply(v2, bytes("k", "1"));
    for (String form : List.of("%s", "{%s}", "urn:uuid:%s", "URN:UUID:%s")) {
      apply(v2, ifMatch("k", "2", form.formatted(etag(v2, "k"))));
      apply(v2, ifMatch("k", "3", form.formatted(etag(v2, "k").toUpperCase(Locale.ROOT))));
    }
    apply(v2, ifMatch("k", "4", etag(v2, "k").replace("-", "")));
    apply(v2, deleteIfMatch("k", etag(v2, "k").replace("-", "").toUpperCase(Locale.ROOT)));
    assertThat(get(v2, "k")).isEmpty();
  }

  @Test
  void foreignEtagsAreAMismatchInVersion2AndMalformedInVersion1() {
    apply(v1, bytes("k", "1"));
    apply(v2, bytes("k", "1"));
    for (String etag : List.of("x", "-1", "4294967296", "1.0", "+1", "99999999999999999999")) {
      assertThat(mismatch(v1, etag).malformedReason()).as(etag).isNotNull();
      assertThat(mismatch(v2, etag).malformedReason()).as(etag).isNull();
    }
    assertThat(mismatch(v1, "0").malformedReason()).isNull();
    assertThat(mismatch(v1, "4294967295").malformedReason()).isNull();
    apply(v1, ifMatch("k", "2", "00" + etag(v1, "k")));
  }

  private static EtagMismatchException mismatch(PostgresStateStore store, String etag) {
    return catchThrowableOfType(
        EtagMismatchException.class, () -> apply(store, ifMatch("k", "2", etag)));
  }

  @Test
  void whatPostgresqlCannotHoldIsAFailureThatQuotesNothing() {
    for (PostgresStateStore store : List.of(v1, v2)) {
      assertThatThrownBy(() -> apply(store, bytes("a\0b", "1")))
          .isInstanceOf(ComponentException.class)
          .hasMessageContaining("NUL character at index 1");
      assertThatThrownBy(() -> get(store, "a\ud800"))
          .isInstanceOf(ComponentException.class)
          .hasMessageContaining("surrogate");
      assertThat(store
              .getAll(
                  List.of("a\0b", "c"), ReadOptions.defaults(), TestStore.in(Duration.ofSeconds(9)))
              .failures())
          .containsOnlyKeys("a\0b");
    }
    for (String wrong : List.of("{\"secret\"", "\"secret\\u0000\"")) {
      var failure =
          catchThrowableOfType(ComponentException.class, () -> apply(v1, json("k", wrong)));
      assertThat(failure.isTransient()).isFalse();
      assertThat(failure.toString() + failure.getCause()).doesNotContain("secret");
    }
  }

  @Test
  void oneRefusedValueOfABulkWriteFailsAlone() {
    var failures = v1.applyAll(
        List.of(json("a", "1"), json("b", "{"), bytes("c\0", "3"), bytes("d", "4")),
        TestStore.in(Duration.ofSeconds(9)));
    assertThat(failures).containsOnlyKeys(1, 2);
    assertThat(text(v1, "a")).isEqualTo("1");
    assertThat(text(v1, "d")).isEqualTo("4");
  }

  @Test
  void oneUnreadableRowOfABulkReadFailsAlone() throws SQLException {
    apply(v1, bytes("a", "1"));
    sql.run(
        "INSERT INTO state (key, value, isbinary) VALUES ('b', '\"%%\"', true), ('c', '1', true)");
    var read = v1.getAll(
        List.of("a", "b", "c"), ReadOptions.defaults(), TestStore.in(Duration.ofSeconds(9)));
    assertThat(read.found()).containsOnlyKeys("a");
    assertThat(read.failures()).containsOnlyKeys("b", "c");
  }

  @Test
  void cleanupDeletesExpiredRowsAndSharesDaprsSchedule() throws SQLException {
    var time = new TestStore.Time();
    var store = TestStore.open(
        PostgresStateStore.builder(sql.url()).tablePrefix("app1_").build(), time);
    try {
      apply(v2, put("old", "1", false, Condition.none(), Duration.ofSeconds(60)));
      apply(v2, bytes("new", "1"));
      sql.run("UPDATE app1_state SET expires_at = now() - interval '1 s' WHERE key = 'old'");
      sql.run("INSERT INTO dapr_metadata VALUES ('last-cleanup-state-v2-app1_', now()::text)");
      time.runScheduled();
      assertThat(sql.one("SELECT count(*) FROM app1_state")).as("just done").isEqualTo("2");
      sql.run(
          "UPDATE dapr_metadata SET value = (now() - interval '1 hour')::text WHERE key LIKE 'last%'");
      time.runScheduled();
      assertThat(sql.rows("SELECT key FROM app1_state")).containsExactly("new");
      assertThat(
              sql.one(
                  "SELECT now() - value::timestamptz < interval '1 minute' FROM dapr_metadata WHERE key LIKE 'last%'"))
          .isEqualTo("t");
    } finally {
      store.close();
    }
    assertThat(time.scheduled).isEmpty();
  }

  @Test
  void cleanupOfVersion1HasItsOwnRow() throws SQLException {
    var time = new TestStore.Time();
    var store =
        TestStore.open(PostgresStateStore.builder(sql.url()).version("v1").build(), time);
    apply(v1, put("old", "1", false, Condition.none(), Duration.ofSeconds(60)));
    sql.run("UPDATE state SET expiredate = now() - interval '1 s'");
    time.runScheduled();
    store.close();
    assertThat(sql.one("SELECT count(*) FROM state")).isEqualTo("0");
    assertThat(sql.one("SELECT count(*) FROM dapr_metadata WHERE key = 'last-cleanup'"))
        .isEqualTo("1");
  }
}
