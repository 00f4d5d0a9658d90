// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import dev.pillion.local.Local;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.engine.InMemoryStateStore;
import dev.pillion.state.postgresql.PostgresStateStore;
import dev.pillion.state.redis.RedisStateStore;
import dev.pillion.testservers.PostgresServer;
import dev.pillion.testservers.RedisServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import org.opentest4j.TestAbortedException;

/**
 * One store of each kind, on servers of their own. A server that this machine can't run is left out
 * and named; in CI that is a failure.
 */
final class Stores implements AutoCloseable {
  private static final String MEMORY = "memory";

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final List<String> names = new ArrayList<>();

  static EmbeddedRuntime.Builder addMemory(EmbeddedRuntime.Builder builder) {
    return builder.component(MEMORY, new InMemoryStateStore());
  }

  void addTo(EmbeddedRuntime.Builder builder) {
    addMemory(builder);
    names.add(MEMORY);
    builder.with(Local.in(temporaryFolder()));
    names.add(Local.STATE_STORE);
    addServer(List.of("redis"), () -> {
      var server = opened(RedisServer.start());
      builder.component("redis", RedisStateStore.at(server.uri().toString()));
    });
    addServer(List.of("postgres", "postgres-v1"), () -> {
      var server = opened(PostgresServer.start());
      builder.component("postgres", postgres(server, "v2"));
      builder.component("postgres-v1", postgres(server, "v1"));
    });
  }

  private void addServer(List<String> added, Runnable add) {
    try {
      add.run();
      names.addAll(added);
    } catch (TestAbortedException e) {
      if (Boolean.parseBoolean(System.getenv("CI"))) {
        throw e;
      }
      System.err.println("skipped: " + added + ": " + e.getMessage());
    }
  }

  private static PostgresStateStore postgres(PostgresServer server, String version) {
    var url = server.newDatabase() + "?user=" + server.user() + "&password=" + server.password();
    return PostgresStateStore.builder(url).version(version).build();
  }

  private <T extends AutoCloseable> T opened(T server) {
    opened.push(server);
    return server;
  }

  private Path temporaryFolder() {
    try {
      var folder = Files.createTempDirectory("polyglot-");
      opened.push(() -> delete(folder));
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  List<String> names() {
    return List.copyOf(names);
  }

  @Override
  public void close() throws Exception {
    while (!opened.isEmpty()) {
      opened.pop().close();
    }
  }
}
