// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProcessPlaceTest {
  private final ProcessPlace here = ProcessPlace.ofThisProcess();

  private boolean knowsTheEndOf(String place, long pid) {
    return here.knowsTheEndOf(new Owners.Owner(1, 1, 0, 1000, place, pid));
  }

  private static long endedProcess() throws Exception {
    var process = new ProcessBuilder(
            ProcessHandle.current().info().command().orElseThrow(), "-version")
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
    process.waitFor();
    return process.pid();
  }

  @Test
  void onlyAProcessOfTheSamePlaceThatCantBeFoundHasEnded() throws Exception {
    long ended = endedProcess();
    assertThat(knowsTheEndOf(here.name(), ended)).isTrue();
    assertThat(knowsTheEndOf(here.name() + "x", ended)).isFalse();
    assertThat(knowsTheEndOf(null, ended)).isFalse();
    assertThat(knowsTheEndOf(here.name(), here.processId())).isFalse();
    assertThat(
            new ProcessPlace(null, 1).knowsTheEndOf(new Owners.Owner(1, 1, 0, 1000, null, ended)))
        .isFalse();
  }

  @Test
  void aLivingProcessHasNotEnded() {
    long parent = ProcessHandle.current().parent().map(ProcessHandle::pid).orElseThrow();
    assertThat(knowsTheEndOf(here.name(), parent)).isFalse();
  }
}
