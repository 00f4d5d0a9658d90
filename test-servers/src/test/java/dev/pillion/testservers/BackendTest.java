// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

class BackendTest {
  @Test
  void autoPrefersTheEmbeddedProgram() {
    assertThat(choose("auto", true, true)).isEqualTo(Backend.EMBEDDED);
    assertThat(choose("AUTO", true, false)).isEqualTo(Backend.EMBEDDED);
    assertThat(choose("auto", false, true)).isEqualTo(Backend.DOCKER);
  }

  @Test
  void abortsByNameWhenNothingCanGiveTheServer() {
    assertThatThrownBy(() -> choose("auto", false, false))
        .isInstanceOf(TestAbortedException.class)
        .hasMessage("Redis not available: no program here, and Docker does not answer");
    assertThatThrownBy(() -> choose("embedded", false, true))
        .isInstanceOf(TestAbortedException.class)
        .hasMessage("Redis not available: no program here");
  }

  @Test
  void failsWhenDockerIsForcedAndDoesNotAnswer() {
    assertThat(choose("docker", true, true)).isEqualTo(Backend.DOCKER);
    assertThatThrownBy(() -> choose("docker", true, false))
        .isExactlyInstanceOf(IllegalStateException.class)
        .hasMessage("Redis: test.backends=docker, but Docker does not answer");
  }

  @Test
  void refusesAnUnknownWish() {
    assertThatThrownBy(() -> choose("podman", true, true))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("test.backends is \"podman\"; it must be \"docker\", \"embedded\" or \"auto\"");
  }

  private static Backend choose(String wish, boolean hasBinary, boolean docker) {
    return Backend.choose("Redis", wish, hasBinary, "program", () -> docker);
  }
}
