// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import static dev.pillion.state.postgresql.TestStore.bytes;
import static dev.pillion.state.postgresql.TestStore.delete;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.state.spi.StateChange;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RunTest {
  private static List<String> cut(StateChange... changes) {
    return Run.of(List.of(changes)).stream()
        .map(run ->
            run.kind() + run.changes().stream().map(StateChange::key).toList().toString())
        .toList();
  }

  @Test
  void keysAscendFromRunToRun() {
    assertThat(cut(bytes("c", "1"), delete("b"), bytes("a", "1"), bytes("d", "1")))
        .containsExactly("PUT[a]", "DELETE[b]", "PUT[c, d]");
  }

  @Test
  void changesOfOneKeyKeepTheirOrderInRunsOfTheirOwn() {
    assertThat(cut(bytes("b", "1"), bytes("a", "1"), delete("a"), bytes("a", "2"), bytes("a", "3")))
        .containsExactly("PUT[a]", "DELETE[a]", "PUT[a]", "PUT[a, b]");
  }

  @Test
  void aRunHasAMaximum() {
    var many =
        IntStream.range(0, 2001).mapToObj(i -> bytes("k" + i, "v")).toArray(StateChange[]::new);
    assertThat(Run.of(List.of(many)))
        .extracting(run -> run.changes().size())
        .containsExactly(1000, 1000, 1);
  }
}
