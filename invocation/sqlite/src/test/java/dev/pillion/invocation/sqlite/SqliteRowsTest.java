// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.pillion.ComponentException;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.testkit.CapturedLog;
import dev.pillion.testkit.ManualTime;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testservers.RawDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The rows themselves, in both directions. */
class SqliteRowsTest {
  @TempDir
  Path folder;

  private final ManualTime time = new ManualTime();
  private final CapturedLog log = new CapturedLog(SqliteNameResolver.class.getPackageName());
  private final List<NameResolverComponent> opened = new ArrayList<>();
  private RawDatabase raw;

  @BeforeEach
  void connect() {
    raw = new RawDatabase(folder.resolve("names.db"));
  }

  @AfterEach
  void close() {
    opened.forEach(NameResolverComponent::close);
    raw.close();
    log.close();
  }

  private NameResolverComponent open(Map<String, String> further) {
    var settings = new HashMap<>(further);
    settings.put("connectionString", folder.resolve("names.db").toString());
    var spec = ComponentSpec.of("nr", "nameresolution.sqlite", settings);
    var component = (NameResolverComponent) new SqliteNameResolver.Provider().create(spec);
    assertThat(spec.metadata().problems()).isEmpty();
    opened.add(component);
    component.open(new ComponentContext("web", "prod", "nr", time, new PlainThreads(), soon()));
    return component;
  }

  private static List<String> problems(Map<String, String> settings) {
    var spec = ComponentSpec.of("nr", "nameresolution.sqlite", settings);
    new SqliteNameResolver.Provider().create(spec);
    return spec.metadata().problems();
  }

  private Deadline soon() {
    return Deadline.after(Duration.ofSeconds(10), time);
  }

  private static AppInstance at(String appId, String host, int port) {
    return new AppInstance(appId, "prod", new PeerAddress(host, port), 8080);
  }

  private void foreign(String id, String address, String appId, int age) {
    raw.execute("INSERT INTO hosts VALUES ('%s', '%s', '%s', '', unixepoch(CURRENT_TIMESTAMP) - %d)"
        .formatted(id, address, appId, age));
  }

  private List<PeerAddress> resolve(NameResolverComponent component, String appId) {
    return component.resolve(appId, "", soon()).addresses();
  }

  @Test
  void tablesAreDaprs() {
    open(Map.of());
    assertThat(raw.text("SELECT name || ' ' || type || ' ' || \"notnull\" || ' ' || pk"
            + " FROM pragma_table_info('hosts')"))
        .isEqualTo("""
            registration_id TEXT 1 1
            address TEXT 1 0
            app_id TEXT 1 0
            namespace TEXT 1 0
            last_update INTEGER 1 0""");
    assertThat(raw.text("SELECT name || ' ' || \"unique\" FROM pragma_index_list('hosts')"
            + " WHERE origin = 'c' ORDER BY name"))
        .isEqualTo("hosts_address_idx 1\nhosts_last_update_idx 0");
    assertThat(raw.text("SELECT key || '=' || value FROM metadata")).isEqualTo("nr-migrations=1");
  }

  @Test
  void tablesThatADaprdMadeAreUsedAsTheyAre() {
    raw.execute("CREATE TABLE metadata (key text NOT NULL PRIMARY KEY, value text NOT NULL)");
    raw.execute("INSERT INTO metadata VALUES ('nr-migrations', '2'), ('migrations', '1')");
    raw.execute("CREATE TABLE hosts (registration_id TEXT NOT NULL PRIMARY KEY, address TEXT NOT"
        + " NULL, app_id TEXT NOT NULL, namespace TEXT NOT NULL, last_update INTEGER NOT NULL)");
    raw.execute("CREATE UNIQUE INDEX hosts_address_idx ON hosts (address)");
    foreign("d", "10.0.0.2:50002", "orders", 0);
    assertThat(resolve(open(Map.of()), "orders"))
        .containsExactly(new PeerAddress("10.0.0.2", 50002));
    assertThat(raw.text("SELECT value FROM metadata WHERE key = 'nr-migrations'"))
        .isEqualTo("2");
  }

  @Test
  void aRowIsWrittenAsDaprdWritesIt() {
    open(Map.of()).register(at("orders", "10.0.0.2", 50002));
    assertThat(raw.text("SELECT address || '|' || app_id || '|' || namespace || '|' FROM hosts"))
        .isEqualTo("10.0.0.2:50002|orders||");
    assertThat(raw.text("SELECT registration_id FROM hosts"))
        .matches("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    assertThat(raw.number("SELECT last_update FROM hosts"))
        .as("SQLite's own clock, whatever the runtime's says")
        .isBetween(Instant.now().getEpochSecond() - 5, Instant.now().getEpochSecond() + 1);
  }

  @Test
  void anAddressOfIpv6StandsInBrackets() {
    var component = open(Map.of());
    component.register(at("orders", "fd00::2", 50002));
    assertThat(raw.text("SELECT address FROM hosts")).isEqualTo("[fd00::2]:50002");
    assertThat(resolve(component, "orders")).containsExactly(new PeerAddress("fd00::2", 50002));
  }

  @Test
  void aRowIsFoundUntilItsAgeIsTheUpdateInterval() {
    var component = open(Map.of("updateInterval", "60s"));
    foreign("young", "10.0.0.2:1", "orders", 50);
    foreign("old", "10.0.0.2:2", "orders", 60);
    assertThat(resolve(component, "orders")).containsExactly(new PeerAddress("10.0.0.2", 1));
  }

  @Test
  void aLiveRowOfAnotherWithTheSameAddressStaysUntilItHasExpired() {
    var component = open(Map.of("updateInterval", "60s"));
    foreign("theirs", "10.0.0.2:50002", "stock", 10);
    component.register(at("orders", "10.0.0.2", 50002));
    assertThat(raw.text("SELECT registration_id FROM hosts")).isEqualTo("theirs");
    assertThatThrownBy(() -> component.probe(soon()))
        .isInstanceOf(ComponentException.class)
        .hasMessageContaining("10.0.0.2:50002 is registered for app \"stock\" by another process");
    time.advance(Duration.ofMillis(500));
    time.awaitPending(2);
    assertThat(log.warnings()).hasSize(1);
    raw.execute("UPDATE hosts SET last_update = last_update - 60");
    time.advance(Duration.ofMillis(500));
    await()
        .untilAsserted(() -> assertThat(raw.text("SELECT app_id FROM hosts")).isEqualTo("orders"));
    await().untilAsserted(() -> component.probe(soon()));
  }

  @Test
  void closingLeavesARowAloneThatHasTakenOurAddress() {
    var component = open(Map.of());
    var registration = component.register(at("orders", "10.0.0.2", 50002));
    raw.execute("REPLACE INTO hosts VALUES ('theirs', '10.0.0.2:50002', 'stock', '',"
        + " unixepoch(CURRENT_TIMESTAMP))");
    registration.close();
    assertThat(raw.text("SELECT registration_id FROM hosts")).isEqualTo("theirs");
  }

  @Test
  void aRowThatHoldsNoAddressIsPassedOver() {
    var component = open(Map.of());
    foreign("broken", "nowhere", "orders", 0);
    foreign("worse", "10.0.0.2:99999", "orders", 0);
    foreign("good", "10.0.0.2:1", "orders", 0);
    assertThat(resolve(component, "orders")).containsExactly(new PeerAddress("10.0.0.2", 1));
  }

  @Test
  void rowsThatWereSilentForACleanupIntervalAreDeletedAndOthersNot() {
    open(Map.of("cleanupInterval", "1h"));
    foreign("stopped", "10.0.0.2:1", "orders", 600);
    foreign("gone", "10.0.0.2:2", "orders", 3600);
    time.advance(Duration.ofHours(1));
    await().untilAsserted(() -> assertThat(raw.text("SELECT registration_id FROM hosts"))
        .isEqualTo("stopped"));
    assertThat(raw.text("SELECT value FROM metadata WHERE key = 'nr-last-cleanup'"))
        .matches("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d");
  }

  @Test
  void tablesMayHaveOtherNames() {
    var component = open(Map.of("tableName", "apps", "metadataTableName", "about"));
    component.register(at("orders", "10.0.0.2", 50002));
    assertThat(raw.number("SELECT count(*) FROM apps")).isEqualTo(1);
    assertThat(raw.text("SELECT value FROM about")).isEqualTo("1");
  }

  @Test
  void wrongSettingsAreNamed() {
    assertThat(problems(Map.of())).containsExactly("\"connectionString\" is missing");
    assertThat(problems(Map.of("connectionString", "x.db", "updateInterval", "2500ms")))
        .containsExactly("\"updateInterval\" must be whole seconds");
    assertThat(problems(Map.of("connectionString", "x.db", "timeout", "5s")))
        .containsExactly("\"updateInterval\" must be at least 1s longer than \"timeout\"");
    assertThat(problems(Map.of("connectionString", "x.db", "timeout", "10ms")))
        .containsExactly("\"timeout\" must be 1s or longer");
    assertThat(problems(Map.of("connectionString", "x.db", "tableName", "a;b"))).hasSize(1);
    assertThat(problems(Map.of("connectionString", "x.db", "updateIntervall", "6s")))
        .containsExactly("\"updateIntervall\" is not a setting of this component; did you mean"
            + " \"updateInterval\"?");
  }
}
