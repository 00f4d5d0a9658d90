// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.state.SaveOptions;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Arguments and results are never shared with the store. */
abstract class StateAliasingContract extends StateTopic {
  StateAliasingContract(StateStoreContract contract) {
    super(contract);
  }

  @Test
  void changingASavedArrayChangesNothing() {
    String key = key("saved");
    byte[] value = bytes("value");
    store().save(key, value);
    Arrays.fill(value, (byte) 'x');
    assertValue(key, "value");

    byte[] conditional = bytes("second");
    store().save(key, conditional, SaveOptions.ifMatch(etag(key)));
    Arrays.fill(conditional, (byte) 'x');
    assertValue(key, "second");
  }

  @Test
  void changingAnArraySavedInBulkChangesNothing() {
    String all = key("all");
    String bulk = key("bulk");
    byte[] value = bytes("value");
    var values = new HashMap<String, byte[]>(Map.of(all, value));
    store().saveAll(values);
    store().bulk(changes -> changes.save(bulk, value).save(key("beside"), value));
    Arrays.fill(value, (byte) 'x');
    values.clear();

    assertValue(all, "value");
    assertValue(bulk, "value");
    assertValue(key("beside"), "value");
  }

  @Test
  void changingAnArraySavedInATransactionChangesNothing() {
    assumeTransactions();
    String key = key("saved");
    byte[] value = bytes("value");
    store().transaction(tx -> tx.save(key, value).save(key("beside"), value));
    Arrays.fill(value, (byte) 'x');

    assertValue(key, "value");
    assertValue(key("beside"), "value");
  }

  @Test
  void changingAResultChangesNothing() {
    String key = key("read");
    save(key, "value");

    Arrays.fill(store().get(key, byte[].class).orElseThrow(), (byte) 'x');
    assertValue(key, "value");
    Arrays.fill(entry(key).value(), (byte) 'x');
    assertValue(key, "value");
  }

  @Test
  void changingABulkResultChangesNothing() {
    String key = key("read");
    String other = key("other");
    store().saveAll(Map.of(key, bytes("value"), other, bytes("value")));

    var entries = store().getAll(List.of(key, other), byte[].class);
    Arrays.fill(entries.get(key).orElseThrow(), (byte) 'x');
    assertThat(entries.get(other)).contains(bytes("value"));
    assertValue(key, "value");
    assertThat(store().getAll(List.of(key), byte[].class).get(key)).contains(bytes("value"));
  }

  @Test
  void twoKeysSavedWithOneArrayAreApart() {
    String one = key("one");
    String two = key("two");
    byte[] value = bytes("value");
    store().save(one, value);
    store().save(two, value);

    Arrays.fill(store().get(one, byte[].class).orElseThrow(), (byte) 'x');
    assertValue(two, "value");
  }
}
