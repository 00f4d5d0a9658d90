// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class StateStoreModelTest {
  private static final List<String> KEYS = List.of("a", "b", "c", "d");

  @Test
  void aRightStoreAgreesForManySeeds() {
    for (long seed = 0; seed < 50; seed++) {
      model(Flaw.NONE, seed).run(500);
    }
  }

  @Test
  void aFailureNamesTheSeedWhichRepeatsIt() {
    var failure = catchThrowable(() -> model(Flaw.DELETE_IGNORES_ETAG, 42).run(2000));
    var again = catchThrowable(() -> model(Flaw.DELETE_IGNORES_ETAG, 42).run(2000));

    assertThat(failure)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("-Dpillion.contract.seed=42")
        .hasMessageContaining("delete ");
    assertThat(operation(again)).isEqualTo(operation(failure));
  }

  private static String operation(Throwable failure) {
    var matcher = Pattern.compile("operation \\d+").matcher(failure.getMessage());
    assertThat(matcher.find()).isTrue();
    return matcher.group();
  }

  private static StateStoreModel model(Flaw flaw, long seed) {
    var store = BareStateStore.open(new ReferenceStore(flaw, new ManualTime()));
    return new StateStoreModel(store, KEYS, true, seed);
  }
}
