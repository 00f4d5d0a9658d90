// SPDX-License-Identifier: Apache-2.0
package dev.pillion.cel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.CallRejectedException;
import dev.pillion.ComponentException;
import dev.pillion.InvalidConfigurationException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateStoreComponent;
import dev.pillion.state.spi.StoredValue;
import dev.pillion.testkit.ManualTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Trips of circuit breakers, from a Dapr user's file to the verb of a program. */
class TripsTest {
  private final Moody store = new Moody();
  private final ManualTime time = new ManualTime();

  @TempDir
  Path folder;

  /** A store that answers or does not, as it is told. */
  private static final class Moody implements StateStoreComponent {
    private boolean answers = true;
    private int calls;

    @Override
    public String type() {
      return "state.moody";
    }

    @Override
    public void open(ComponentContext context) {}

    @Override
    public Optional<StoredValue> get(String key, ReadOptions options, Deadline deadline) {
      calls++;
      if (answers) {
        return Optional.empty();
      }
      throw ComponentException.unavailable("no answer from db:1", null);
    }

    @Override
    public void apply(StateChange change, Deadline deadline) {}

    @Override
    public void close() {}
  }

  private EmbeddedRuntime.Builder withTrip(String trip) throws IOException {
    Files.writeString(folder.resolve("resiliency.yaml"), """
        apiVersion: dapr.io/v1alpha1
        kind: Resiliency
        metadata:
          name: guards
        spec:
          policies:
            circuitBreakers:
              guard:
                maxRequests: 1
                timeout: 30s
                trip: %s
          targets:
            components:
              orders:
                outbound:
                  circuitBreaker: guard
        """.formatted(trip));
    return EmbeddedRuntime.builder("checkout")
        .environment(Map.of())
        .resources(folder)
        .time(time)
        .component("orders", store);
  }

  /** Asks once for each letter: {@code s} is answered, {@code f} is not. */
  private void ask(EmbeddedRuntime runtime, String letters) {
    for (char letter : letters.toCharArray()) {
      store.answers = letter == 's';
      try {
        runtime.state("orders").get("42", String.class);
      } catch (ComponentException e) {
        assertThat(letter).isEqualTo('f');
      }
    }
  }

  private static boolean isOpen(EmbeddedRuntime runtime) {
    return runtime
        .describe()
        .toString()
        .contains("circuit breaker guard of component \"orders\" is open");
  }

  /** It opens with the last letter, not before. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "consecutiveFailures > 2;                                          ffsfff",
        "consecutiveFailures >= 1;                                         ssf",
        "totalFailures > 2;                                                fsfsf",
        "requests >= 4 && totalFailures >= requests / 2;                   ssff",
        "requests > 3 && double(totalFailures) / double(requests) >= 0.6;  sffsf",
        "totalSuccesses == 2 && totalFailures == 1;                        ssf",
        "consecutiveSuccesses == 0 && requests == 3;                       ssf",
        "'[1, 2, 3].exists(n, n * 2 == totalFailures)';                    sff"
      })
  void aBreakerOpensWhenItsTripSaysSo(String trip, String letters) throws IOException {
    try (var runtime = withTrip('"' + trip + '"').start()) {
      assertThat(runtime.describe().toString()).contains("trip " + trip);
      ask(runtime, letters.substring(0, letters.length() - 1));
      assertThat(isOpen(runtime)).as("before the last").isFalse();
      ask(runtime, letters.substring(letters.length() - 1));
      assertThat(isOpen(runtime)).as("after the last").isTrue();
      assertThatThrownBy(() -> runtime.state("orders").get("42", String.class))
          .isInstanceOf(CallRejectedException.class)
          .hasMessageContaining("circuit breaker \"guard\" of component \"orders\" is open");
      assertThat(store.calls).isEqualTo(letters.length());
    }
  }

  @Test
  void theCountsBeginAnewWhenItHasClosed() throws IOException {
    try (var runtime = withTrip("totalFailures >= 2").start()) {
      ask(runtime, "ff");
      assertThat(isOpen(runtime)).isTrue();
      time.advance(Duration.ofSeconds(31));
      ask(runtime, "s");
      ask(runtime, "f");
      assertThat(isOpen(runtime)).isFalse();
      ask(runtime, "f");
      assertThat(isOpen(runtime)).isTrue();
    }
  }

  @Test
  void aTripThatCanNotBeDecidedDoesNotOpen() throws IOException {
    try (var runtime = withTrip("totalFailures / (requests - requests) > 2").start()) {
      ask(runtime, "ffffffff");
      assertThat(isOpen(runtime)).isFalse();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      value = {
        "failures > 2# there is no variable \"failures\"; there are [consecutiveFailures, consecutiveSuccesses, requests, totalFailures, totalSuccesses]",
        "totalFailures# its result is neither true nor false, but of the type int"
      })
  void aTripThatCanNeverOpenIsRefused(String trip, String reason) throws IOException {
    var builder = withTrip(trip);
    var failure = catchThrowableOfType(InvalidConfigurationException.class, builder::start);
    assertThat(failure.problems())
        .containsExactly(
            folder.resolve("resiliency.yaml") + ":11: policies.circuitBreakers.guard.trip: \""
                + trip + "\" is no condition: " + reason);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "totalFailures >;          1:16: mismatched input '<EOF>'",
        "totalFailures > 2 &;      1:19: token recognition error at: '&'",
        "most(totalFailures) > 2;  1:5: undeclared reference to 'most'",
        "1 + 'a' > totalFailures;  1:3: found no matching overload for '_+_'"
      })
  void aWrongTripIsRefusedWithFileLineAndReason(String trip, String reason) throws IOException {
    var builder = withTrip("\"" + trip + "\"");
    var failure = catchThrowableOfType(InvalidConfigurationException.class, builder::start);
    assertThat(failure.problems())
        .singleElement()
        .asString()
        .startsWith(folder.resolve("resiliency.yaml")
            + ":11: policies.circuitBreakers.guard.trip: \"" + trip
            + "\" is no expression: " + reason);
  }
}
