// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectNestedMethod;

import dev.pillion.state.StateStore;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.UniqueId;
import org.junit.platform.testkit.engine.EngineTestKit;

/** The contract can fail: each of its tests finds a flaw, and no right store is refused. */
class ContractCatchesFlawsTest {
  private static Flaw flaw = Flaw.NONE;

  @Test
  void aStoreWithoutFlawFailsNone() {
    flaw = Flaw.NONE;

    assertThat(failed(List.of(selectClass(FlawedStoreContract.class)))).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void aStoreWithAFlawFailsTheTestsThatAreThereToFindIt(Flaw injected) {
    flaw = injected;
    var tests =
        injected.foundBy().stream().map(ContractCatchesFlawsTest::select).toList();

    assertThat(tests).isNotEmpty();
    assertThat(failed(tests)).containsExactlyInAnyOrderElementsOf(injected.foundBy());
  }

  @Test
  void everyTestIsThereToFindSomeFlaw() {
    var tests = Arrays.stream(StateStoreContract.class.getDeclaredClasses())
        .flatMap(topic -> Arrays.stream(topic.getSuperclass().getDeclaredMethods())
            .filter(method -> method.isAnnotationPresent(Test.class)
                || method.isAnnotationPresent(TestFactory.class))
            .map(method -> topic.getSimpleName() + "." + method.getName()))
        .collect(Collectors.toCollection(TreeSet::new));
    var finders = Arrays.stream(Flaw.values())
        .flatMap(each -> each.foundBy().stream())
        .collect(Collectors.toCollection(TreeSet::new));

    assertThat(tests).hasSizeGreaterThan(60).isEqualTo(finders);
  }

  private static DiscoverySelector select(String topicAndMethod) {
    int dot = topicAndMethod.indexOf('.');
    return selectNestedMethod(
        List.of(FlawedStoreContract.class.getName()),
        StateStoreContract.class.getName() + "$" + topicAndMethod.substring(0, dot),
        topicAndMethod.substring(dot + 1));
  }

  private static Set<String> failed(List<? extends DiscoverySelector> tests) {
    return EngineTestKit.engine("junit-jupiter")
        .selectors(tests.toArray(DiscoverySelector[]::new))
        .execute()
        .allEvents()
        .failed()
        .map(event -> name(event.getTestDescriptor().getUniqueId()))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** The topic and the method, whatever dynamic test of it failed. */
  private static String name(UniqueId id) {
    return id.getSegments().stream()
        .filter(
            segment -> Set.of("nested-class", "method", "test-factory").contains(segment.getType()))
        .map(segment -> segment.getValue().replace("()", ""))
        .collect(Collectors.joining("."));
  }

  /**
   * Run by the test above alone: as a nested class that is not named a test, no runner finds it.
   */
  static class FlawedStoreContract extends StateStoreContract {
    private final ManualTime time = new ManualTime();
    private final StateStore store =
        FlawedDoor.to(BareStateStore.open(new ReferenceStore(flaw, time), time), flaw);

    @Override
    protected StateStore store() {
      return store;
    }

    @Override
    protected void advance(Duration duration) {
      time.advance(duration);
    }

    @Override
    protected Instant now() {
      return time.now();
    }
  }
}
