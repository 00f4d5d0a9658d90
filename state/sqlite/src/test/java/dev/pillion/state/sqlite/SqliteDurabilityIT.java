// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.pillion.ComponentException;
import dev.pillion.concurrent.Deadline;
import dev.pillion.testservers.RawDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What was acknowledged is on the disk: killed processes, counted syncs, a full disk. */
class SqliteDurabilityIT {
  private static final int WRITERS = 16;

  @TempDir
  Path directory;

  @Test
  void whatAKilledProcessHasAcknowledgedIsInTheFile() throws Exception {
    var file = directory.resolve("state.db");
    var random = new Random(4711);
    var acknowledged = new ArrayList<String>();
    for (int round = 0; round < 6; round++) {
      try (var process =
          SavingProcess.start(List.of(), file, WRITERS, round * 1_000_000, 1_000_000)) {
        int until = 200 + random.nextInt(3000);
        for (int i = 0; i < until; i++) {
          acknowledged.add(process.readLine());
        }
        process.kill();
        // What it had printed before it died counts as well.
        acknowledged.addAll(process.readAll());
        process.awaitEnd();
      }
      try (var ours = new Opened(SqliteStateStore.at(file))) {
        for (String line : acknowledged) {
          var words = line.split(" ");
          if (words.length == 3 && line.startsWith("ack ")) {
            int number = Integer.parseInt(words[2]);
            assertThat(ours.text(SavingProcess.key(Integer.parseInt(words[1]), number)))
                .as("%s in round %d", line, round)
                .isEqualTo("value " + number);
          }
        }
      }
    }
    try (var raw = new RawDatabase(file)) {
      assertThat(raw.rows("pragma_integrity_check", "integrity_check", "1"))
          .containsExactly(List.of("'ok'"));
    }
  }

  @Test
  void aLoneWriterSyncsForEveryAcknowledgement() throws Exception {
    var trace = trace(1, 60);
    assertThat(trace.acks()).isEqualTo(60);
    assertThat(trace.acksWithoutSync()).isEmpty();
    assertThat(trace.syncs()).isGreaterThanOrEqualTo(60);
  }

  @Test
  void manyWritersShareSyncsAndNobodyIsAcknowledgedBeforeHis() throws Exception {
    var trace = trace(WRITERS, 60);
    assertThat(trace.acks()).isEqualTo(WRITERS * 60);
    assertThat(trace.acksWithoutSync()).isEmpty();
    assertThat(trace.syncs()).isLessThan(WRITERS * 60);
  }

  @Test
  void aFullDiskAcknowledgesNothingItCantKeepAndRecovers() throws Exception {
    var mount = Files.createDirectory(directory.resolve("small"));
    assume(
        run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", mount.toString()),
        "a full disk: this user may not mount a small one (SqliteDatabaseTest fills a database by max_page_count instead)");
    try (var ours = new Opened(SqliteStateStore.at(mount.resolve("state.db")))) {
      int acknowledged = 0;
      ComponentException refusal = null;
      while (refusal == null) {
        try {
          ours.save("k" + acknowledged, "x".repeat(20_000) + acknowledged);
          acknowledged++;
        } catch (ComponentException e) {
          refusal = e;
        }
      }
      assertThat(refusal).hasMessageContaining("is full").matches(ComponentException::isTransient);
      assertThat(acknowledged).isPositive();
      for (int i = 0; i < acknowledged; i++) {
        assertThat(ours.text("k" + i)).endsWith("x" + i);
      }
      String refused = "k" + acknowledged;
      assertThat(ours.get(refused)).isEmpty();
      assertThatExceptionOfType(ComponentException.class)
          .isThrownBy(() -> ours.save(refused, "x".repeat(20_000)));

      assertThat(run("mount", "-o", "remount,size=8m", mount.toString())).isTrue();
      ours.save(refused, "room again");
      assertThat(ours.text(refused)).isEqualTo("room again");
      ours.store.probe(Deadline.none());
    } finally {
      run("umount", mount.toString());
    }
  }

  @Test
  void twoProcessesWriteOneFileAtOnce() throws Exception {
    var file = directory.resolve("state.db");
    int each = 300;
    new Opened(SqliteStateStore.at(file)).close();
    try (var one = SavingProcess.start(List.of(), file, 8, 0, each);
        var two = SavingProcess.start(List.of(), file, 8, each, each);
        var ours = new Opened(SqliteStateStore.at(file))) {
      var lines = new ArrayList<String>();
      for (var line = one.readLine(); line != null; line = one.readLine()) {
        lines.add(line);
        // A reader in a third process sees at once what the first has acknowledged.
        var words = line.split(" ");
        assertThat(line).startsWith("ack ");
        assertThat(
                ours.get(SavingProcess.key(Integer.parseInt(words[1]), Integer.parseInt(words[2]))))
            .isPresent();
      }
      lines.addAll(two.readAll());
      assertThat(lines).hasSize(2 * 8 * each).allMatch(line -> line.startsWith("ack "));
      assertThat(one.awaitEnd()).isZero();
      assertThat(two.awaitEnd()).isZero();
      for (int writer = 0; writer < 8; writer++) {
        for (int number = 0; number < 2 * each; number++) {
          assertThat(ours.text(SavingProcess.key(writer, number))).isEqualTo("value " + number);
        }
      }
    }
  }

  private SyncTrace trace(int writers, int count) throws Exception {
    assume(run("strace", "-V"), "counting syncs: there is no strace on this machine");
    var output = directory.resolve("trace.txt");
    var strace = List.of(
        "strace",
        "-f",
        "-qq",
        "-e",
        "trace=fsync,fdatasync,write",
        "-e",
        "signal=none",
        "-o",
        output.toString());
    assume(
        run("strace", "-f", "-o", "/dev/null", "true"),
        "counting syncs: strace may not trace on this machine");
    try (var process =
        SavingProcess.start(strace, directory.resolve("state.db"), writers, 0, count)) {
      var lines = process.readAll();
      assertThat(process.awaitEnd()).isZero();
      assertThat(lines).hasSize(writers * count);
    }
    return SyncTrace.read(output);
  }

  private static void assume(boolean possible, String what) {
    if (!possible) {
      System.out.println("SKIPPED " + what);
    }
    Assumptions.assumeTrue(possible, what);
  }

  private static boolean run(String... command) throws InterruptedException {
    try {
      var process = new ProcessBuilder(command)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start();
      return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
