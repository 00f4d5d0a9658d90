// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.pillion.BulkException;
import dev.pillion.state.DeleteOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateEntries;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Bulk calls: each change stands by itself, and the answer says which ones failed. */
abstract class StateBulkContract extends StateTopic {
  StateBulkContract(StateStoreContract contract) {
    super(contract);
  }

  @TestFactory
  Stream<DynamicTest> anyNumberOfKeys() {
    return Stream.of(1, 2, 100, 1000)
        .map(n -> dynamicTest(n + " keys", named(n + " keys", () -> {
          List<String> keys = keys(n, "n" + n);
          var values = new LinkedHashMap<String, byte[]>();
          keys.forEach(key -> values.put(key, bytes("value of " + key)));
          store().saveAll(values);

          var read = store().getAll(keys, byte[].class);
          assertThat(read.failures()).isEmpty();
          assertThat(read.found().keySet()).containsExactlyElementsOf(keys);
          values.forEach((key, value) -> assertThat(read.get(key)).contains(value));

          store()
              .bulk(changes -> keys.forEach(
                  key -> changes.save(key, bytes("new"), SaveOptions.ifMatch(etagIn(read, key)))));
          var written = store().getAll(keys, byte[].class);
          keys.forEach(key -> {
            assertThat(written.get(key)).contains(bytes("new"));
            assertThat(etagIn(written, key)).isNotEqualTo(etagIn(read, key));
          });

          store().deleteAll(keys);
          assertThat(store().getAll(keys, byte[].class).found()).isEmpty();
        })));
  }

  @Test
  void emptyCallsAreFine() {
    store().saveAll(Map.of());
    store().saveAll(Map.of(), SaveOptions.firstWrite());
    store().deleteAll(List.of());
    store().bulk(changes -> {});

    var read = store().getAll(List.of(), byte[].class);
    assertThat(read.found()).isEmpty();
    assertThat(read.failures()).isEmpty();
  }

  @Test
  void readsComeInTheOrderOfTheRequestWithoutTheMissing() {
    List<String> keys = new ArrayList<>(keys(50, "ordered"));
    Collections.reverse(keys);
    for (int i = 0; i < keys.size(); i += 3) {
      save(keys.get(i), "value of " + keys.get(i));
    }

    var read = store().getAll(keys, byte[].class);
    assertThat(read.found().keySet())
        .containsExactlyElementsOf(IntStream.range(0, keys.size())
            .filter(i -> i % 3 == 0)
            .mapToObj(keys::get)
            .toList());
    assertThat(read.failures()).isEmpty();
    assertThat(read.get(keys.get(1))).isEmpty();
    assertThat(read.entry(keys.get(1))).isEmpty();
  }

  @Test
  void aReadEntryIsTheSameAsBySingleRead() {
    List<String> keys = keys(5, "same");
    keys.forEach(key -> save(key, "value of " + key));
    save(keys.get(2), "twice");

    var read = store().getAll(keys, byte[].class);
    keys.forEach(key -> {
      var single = entry(key);
      var entry = read.entry(key).orElseThrow();
      assertThat(entry.key()).isEqualTo(key);
      assertThat(entry.value()).isEqualTo(single.value());
      assertThat(entry.etag()).isEqualTo(single.etag());
      assertThat(entry.expiresAt()).isEqualTo(single.expiresAt());
    });
  }

  @Test
  void aKeyAskedForTwiceIsReadOnce() {
    String twice = key("twice");
    String once = key("once");
    String missing = key("missing");
    save(twice, "2");
    save(once, "1");

    var read = store().getAll(List.of(twice, missing, once, twice, missing, twice), byte[].class);
    assertThat(read.found().keySet()).containsExactly(twice, once);
    assertThat(read.get(twice)).contains(bytes("2"));
  }

  @Test
  void theLaterChangeOfOneKeyWins() {
    String saved = key("saved");
    String deleted = key("deleted");
    String recreated = key("recreated");
    save(recreated, "old");
    store().bulk(changes -> changes
        .save(saved, bytes("first"))
        .save(deleted, bytes("first"))
        .delete(recreated)
        .save(saved, bytes("second"))
        .delete(deleted)
        .save(recreated, bytes("second")));

    assertValue(saved, "second");
    assertAbsent(deleted);
    assertValue(recreated, "second");
  }

  @Test
  void aKeyDeletedTwiceIsGone() {
    String key = key("twice");
    save(key, "value");
    store().deleteAll(List.of(key, key("other"), key));

    assertAbsent(key);
  }

  @Test
  void exactlyTheFailedChangesAreNamedAndTheOthersApplied() {
    String existing = key("existing");
    String missing = key("missing");
    String stale = key("stale");
    String gone = key("gone");
    String good = key("good");
    String conditional = key("conditional");
    String removed = key("removed");
    for (String key : List.of(existing, stale, gone, conditional, removed)) {
      save(key, "old");
    }
    String staleEtag = etag(stale);
    save(stale, "old");
    String etag = etag(conditional);
    String removedEtag = etag(removed);
    String wrong = foreignEtag();

    var failure = thrown(BulkException.class, () -> store().bulk(changes -> changes
        .save(existing, bytes("new"), SaveOptions.firstWrite())
        .save(good, bytes("new"), SaveOptions.firstWrite())
        .delete(missing, DeleteOptions.ifMatch(wrong))
        .save(conditional, bytes("new"), SaveOptions.ifMatch(etag))
        .save(stale, bytes("new"), SaveOptions.ifMatch(staleEtag))
        .delete(removed, DeleteOptions.ifMatch(removedEtag))
        .delete(gone)));

    assertThat(failure.failures().keySet()).containsExactly(existing, missing, stale);
    assertMismatch(failure.failures().get(existing), existing, null);
    assertMismatch(failure.failures().get(missing), missing, wrong);
    assertMismatch(failure.failures().get(stale), stale, staleEtag);
    assertValue(existing, "old");
    assertValue(stale, "old");
    assertAbsent(missing);
    assertValue(good, "new");
    assertValue(conditional, "new");
    assertAbsent(removed);
    assertAbsent(gone);
  }

  @Test
  void aFailureAmongAThousandIsNamed() {
    List<String> keys = keys(1000, "thousand");
    List<String> taken = List.of(keys.get(0), keys.get(499), keys.get(500), keys.get(999));
    taken.forEach(key -> save(key, "old"));
    var values = new LinkedHashMap<String, byte[]>();
    keys.forEach(key -> values.put(key, bytes("new")));

    var failure =
        thrown(BulkException.class, () -> store().saveAll(values, SaveOptions.firstWrite()));
    assertThat(failure.failures().keySet()).containsExactlyElementsOf(taken);

    var read = store().getAll(keys, byte[].class);
    keys.forEach(key ->
        assertThat(read.get(key)).as(key).contains(bytes(taken.contains(key) ? "old" : "new")));
  }

  @Test
  void allMayFail() {
    List<String> keys = keys(3, "all");
    keys.forEach(key -> save(key, "old"));
    var values = new LinkedHashMap<String, byte[]>();
    keys.forEach(key -> values.put(key, bytes("new")));

    var failure =
        thrown(BulkException.class, () -> store().saveAll(values, SaveOptions.firstWrite()));
    assertThat(failure.failures().keySet()).containsExactlyElementsOf(keys);
    keys.forEach(key -> assertValue(key, "old"));
  }

  @Test
  void oneChangeAloneFailsAsABulkCallToo() {
    String key = key("alone");
    save(key, "old");

    var failure = thrown(BulkException.class, () -> store()
        .saveAll(Map.of(key, bytes("new")), SaveOptions.firstWrite()));
    assertThat(failure.failures().keySet()).containsExactly(key);
    assertMismatch(failure.failures().get(key), key, null);
    assertValue(key, "old");
  }

  @Test
  void aWriterThatThrowsSendsNothing() {
    String key = key("unsent");
    var thrown = catchThrowable(() -> store().<IOException>bulk(changes -> {
      changes.save(key, bytes("value")).save(key("other"), bytes("value"));
      throw new IOException("the writer's own");
    }));

    assertThat(thrown).isInstanceOf(IOException.class).hasMessage("the writer's own");
    assertAbsent(key);
    assertAbsent(key("other"));
  }

  private static String etagIn(StateEntries<byte[]> read, String key) {
    return read.entry(key).orElseThrow().etag();
  }

  private List<String> keys(int count, String name) {
    return IntStream.range(0, count).mapToObj(i -> key(name + " " + i)).toList();
  }
}
