// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.BulkException;
import dev.pillion.ComponentException;
import dev.pillion.EtagMismatchException;
import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallChain;
import dev.pillion.call.CallInterceptor;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateStore;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A bulk write that is tried again sends what has failed, and nothing twice. */
class BulkAttemptsTest {
  private final ScriptedStore component = new ScriptedStore();
  private Runnable between = () -> {};
  private final StateStore store = new StateEngine(
          "orders", "", new TestJson(), CallChain.of(List.of(new Twice())))
      .store("st", component, ComponentMetadata.of(Map.of()));

  /** Tries everything a second time. */
  private final class Twice implements CallInterceptor {
    @Override
    public <T, E extends Exception> T around(Call call, CallBody<T, E> next) throws E {
      try {
        return next.run(call);
      } catch (RuntimeException e) {
        between.run();
        return next.run(call);
      }
    }
  }

  private List<String> sent() {
    return component.given.stream().map(change -> change.key().substring(8)).toList();
  }

  @Test
  void onlyWhatFailedIsSentAgain() {
    component.failing.put("orders||b", ComponentException.unavailable("down", null));
    between = component.failing::clear;
    store.bulk(changes -> changes.save("a", 1).save("b", 2).delete("c"));
    assertThat(sent()).containsExactly("a", "b", "c", "b");
    assertThat(component.stored).containsOnlyKeys("orders||a", "orders||b");
  }

  @Test
  void whatWasRefusedForItsConditionIsNotSentAgainAndIsReported() {
    component.failing.put("orders||b", ComponentException.unavailable("down", null));
    component.failing.put(
        "orders||c", new EtagMismatchException("ERR_STATE_SAVE", "orders||c", "7", null));
    between = component.failing::clear;
    var failure = catchThrowableOfType(
        BulkException.class,
        () -> store.bulk(
            changes -> changes.save("a", 1).save("b", 2).save("c", 3, SaveOptions.ifMatch("7"))));
    assertThat(failure.failures()).containsOnlyKeys("c");
    assertThat(sent()).containsExactly("a", "b", "c", "b");
  }

  @Test
  void aSecondAttemptThatFailsAsAWholeReportsWhatIsNotApplied() {
    component.failing.put("orders||b", ComponentException.unavailable("down", null));
    between = () -> component.failure = ComponentException.unavailable("no answer", null);
    var failure = catchThrowableOfType(
        BulkException.class, () -> store.bulk(changes -> changes.save("a", 1).save("b", 2)));
    assertThat(failure.failures()).containsOnlyKeys("b");
  }

  @Test
  void aFirstAttemptThatFailsAsAWholeIsRepeatedAsAWhole() {
    component.failure = ComponentException.unavailable("no answer", null);
    between = () -> component.failure = null;
    store.bulk(changes -> changes.save("a", 1).save("b", 2));
    assertThat(sent()).containsExactly("a", "b");
  }

  @Test
  void anEarlierChangeIsNotSentAgainOverALaterOneOfTheSameKey() {
    var failed = new java.util.ArrayList<>(List.of(ComponentException.unavailable("down", null)));
    var flaky = new ScriptedStore() {
      @Override
      public void apply(
          dev.pillion.state.spi.StateChange change, dev.pillion.concurrent.Deadline deadline) {
        if (!failed.isEmpty()) {
          given.add(change);
          throw failed.remove(0);
        }
        super.apply(change, deadline);
      }
    };
    new StateEngine("orders", "", new TestJson(), CallChain.of(List.of(new Twice())))
        .store("st", flaky, ComponentMetadata.of(Map.of()))
        .bulk(changes -> changes.save("a", 1).save("a", 2));
    assertThat(flaky.given).hasSize(2);
    assertThat(flaky.stored.get("orders||a")).asString().isEqualTo("2");
  }
}
