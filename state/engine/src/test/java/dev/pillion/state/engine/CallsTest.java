// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallChain;
import dev.pillion.call.CallInterceptor;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.state.DeleteOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** How the verbs of a store describe themselves to interceptors. */
class CallsTest {
  private final List<String> seen = new ArrayList<>();
  private final CallChain chain = CallChain.of(List.of(new Recording()));
  private final StateStore store = new StateEngine("orders", "", new TestJson(), chain)
      .store("st", new ScriptedStore(), ComponentMetadata.of(Map.of()));

  private final class Recording implements CallInterceptor {
    @Override
    public <T, E extends Exception> T around(Call call, CallBody<T, E> next) throws E {
      seen.add("%s %s %s %s%s"
          .formatted(
              call.block(),
              call.direction(),
              call.target(),
              call.operation(),
              call.repeatable() ? " again" : ""));
      return next.run(call);
    }
  }

  private void expect(String call, Runnable verb) {
    seen.clear();
    verb.run();
    assertThat(seen).containsExactly("state OUTBOUND st " + call);
  }

  @Test
  void readsMayBeRepeated() {
    expect("get again", () -> store.get("k", byte[].class));
    expect("get again", () -> store.entry("k", byte[].class));
    expect("getAll again", () -> store.getAll(List.of("k"), byte[].class));
  }

  @Test
  void writesMayBeRepeatedUnlessTheyHaveACondition() {
    expect("save again", () -> store.save("k", 1));
    expect("save", () -> store.save("k", 1, SaveOptions.ifMatch("1")));
    expect("save", () -> store.save("k", 1, SaveOptions.firstWrite()));
    expect("delete again", () -> store.delete("k"));
    expect("delete", () -> store.delete("k", DeleteOptions.ifMatch("1")));
    expect("bulk again", () -> store.saveAll(Map.of("k", 1)));
    expect("bulk", () -> store.saveAll(Map.of("k", 1), SaveOptions.firstWrite()));
    expect("bulk again", () -> store.deleteAll(List.of("k")));
    expect("transaction again", () -> store.transaction(tx -> tx.save("k", 1).delete("l")));
    expect(
        "transaction",
        () -> store.transaction(tx -> tx.save("k", 1).delete("l", DeleteOptions.ifMatch("1"))));
  }

  @Test
  void whatIsWrongWithArgumentsIsNoCall() {
    try {
      store.save("", 1);
    } catch (IllegalArgumentException e) {
      seen.add(e.getClass().getSimpleName());
    }
    assertThat(seen).containsExactly("IllegalArgumentException");
  }

  @Test
  void noVerbPassesAClosedChain() {
    chain.close();
    for (Runnable verb : List.<Runnable>of(
        () -> store.get("k", byte[].class),
        () -> store.entry("k", byte[].class),
        () -> store.getAll(List.of("k"), byte[].class),
        () -> store.save("k", 1),
        () -> store.saveAll(Map.of("k", 1)),
        () -> store.delete("k"),
        () -> store.deleteAll(List.of("k")),
        () -> store.bulk(changes -> changes.save("k", 1)),
        () -> store.transaction(tx -> tx.save("k", 1)))) {
      assertThatIllegalStateException().isThrownBy(verb::run).withMessage("the runtime is closed");
    }
    assertThat(seen).isEmpty();
  }
}
