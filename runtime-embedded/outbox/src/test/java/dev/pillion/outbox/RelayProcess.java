// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pillion.runtime.EmbeddedRuntime;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.sqlite.SQLiteDataSource;

/**
 * A JVM of its own with a relay, that ends as by kill -9 when its broker has taken so many events;
 * each one's id is a line of its output.
 */
final class RelayProcess implements AutoCloseable {
  private final Process process;

  private RelayProcess(Process process) {
    this.process = process;
  }

  static RelayProcess start(List<String> database, int events) throws IOException {
    var command = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        "-cp",
        System.getProperty("java.class.path"),
        RelayProcess.class.getName(),
        Integer.toString(events)));
    command.addAll(database);
    return new RelayProcess(new ProcessBuilder(command)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start());
  }

  List<String> sentUntilKilled() throws IOException, InterruptedException {
    var sent = new ArrayList<String>();
    try (var lines = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
      for (var line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("sent ")) {
          sent.add(line.substring("sent ".length()));
        }
      }
    }
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      throw new AssertionError("the process did not end");
    }
    return sent;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  static DataSource dataSource(List<String> arguments) {
    if (arguments.size() == 1) {
      var sqlite = new SQLiteDataSource();
      sqlite.setUrl(arguments.get(0));
      return sqlite;
    }
    var postgres = new PGSimpleDataSource();
    postgres.setUrl(arguments.get(0));
    postgres.setUser(arguments.get(1));
    postgres.setPassword(arguments.get(2));
    return postgres;
  }

  public static void main(String[] args) throws Exception {
    int events = Integer.parseInt(args[0]);
    var out = new FileOutputStream(FileDescriptor.out);
    var broker = new RecordingPubSub();
    var count = new AtomicInteger();
    broker.onPublish = event -> {
      try {
        out.write(("\nsent " + RecordingPubSub.id(event) + "\n").getBytes(UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      if (count.incrementAndGet() == events) {
        Runtime.getRuntime().halt(137);
      }
    };
    var outbox = JdbcOutbox.builder(dataSource(List.of(args).subList(1, args.length)))
        .batchSize(10)
        .lease(Duration.ofSeconds(2))
        .build();
    try (var runtime =
        EmbeddedRuntime.builder("shop").component("bus", broker).with(outbox).start()) {
      runtime.awaitShutdown();
    }
  }
}
