// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static dev.pillion.runtime.ComponentFiles.paper;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.ComponentException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.secrets.spi.SecretStoreComponent;
import dev.pillion.testkit.CapturedLog;
import dev.pillion.testkit.ManualTime;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Secrets on their way from the two local stores into components, and nowhere else. */
class SecretStoresTest {
  private static final String ENV = """
      apiVersion: dapr.io/v1alpha1
      kind: Component
      metadata: {name: env}
      spec:
        type: secretstores.local.env
        version: v1
      """;

  @TempDir
  Path folder;

  private ComponentFiles files;

  @BeforeEach
  void files() {
    files = new ComponentFiles(folder);
  }

  private static String using(String store, String... items) {
    return paper("a", items) + "auth:\n  secretStore: " + store + "\n";
  }

  private String fileStore(String json, String... items) {
    files.file("secrets.json", json);
    var text = new StringBuilder("""
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: file}
        spec:
          type: secretstores.local.file
          version: v1
          metadata:
          - name: secretsFile
            value: "%s"
        """.formatted(folder.resolve("secrets.json")));
    for (String item : items) {
      int colon = item.indexOf(": ");
      text.append("  - {name: ")
          .append(item, 0, colon)
          .append(", value: ")
          .append(item.substring(colon + 2))
          .append("}\n");
    }
    return text.toString();
  }

  private void fails(String problem) {
    assertThat(files.problems()).containsExactly(files.placed("a.yaml", "a", problem));
  }

  @Test
  void fromTheEnvironmentWhateverTheOrderOfFiles() {
    files.environment.put("PASSWORD", "s3cret");
    files
        .file("z.yaml", ENV)
        .file(
            "a.yaml",
            using(
                "env",
                "password: secretKeyRef: {name: PASSWORD}",
                "value: secretKeyRef: {name: PASSWORD, key: PASSWORD}",
                "other: secretKeyRef: {name: PASSWORD, key: \"\"}"));
    assertThat(files.value("a", "password")).isEqualTo("s3cret");
    assertThat(files.value("a", "value")).isEqualTo("s3cret");
    assertThat(files.value("a", "other")).isEqualTo("s3cret");
  }

  @Test
  void aPrefixIsPutBeforeTheName() {
    files.environment.put("MY_PASSWORD", "s3cret");
    files
        .file("z.yaml", ENV + "  metadata:\n  - {name: Prefix, value: MY_}\n")
        .file("a.yaml", using("env", "password: secretKeyRef: {name: PASSWORD}"));
    assertThat(files.value("a", "password")).isEqualTo("s3cret");
  }

  @ParameterizedTest
  @CsvSource({"'', DAPR_API_TOKEN", "'', APP_API_TOKEN", "DAPR_, API_TOKEN", "APP_, API_TOKEN"})
  void daprsOwnVariablesAreNoSecretsToOthers(String prefix, String name) {
    files.environment.putAll(Map.of("DAPR_API_TOKEN", "canary", "APP_API_TOKEN", "canary"));
    files
        .file("z.yaml", ENV + "  metadata:\n  - {name: prefix, value: \"" + prefix + "\"}\n")
        .file("a.yaml", using("env", "password: secretKeyRef: {name: " + name + "}"));
    fails("\"password\": the secret store \"env\" has no secret \"%s\" with a field \"%s\""
        .formatted(name, name));
  }

  @Test
  void aSecretWinsOverAValue() {
    files.environment.put("PASSWORD", "s3cret");
    files
        .file("z.yaml", ENV)
        .file("a.yaml", using("env", "password: plain\n    secretKeyRef: {name: PASSWORD}"));
    assertThat(files.value("a", "password")).isEqualTo("s3cret");
  }

  @Test
  void missingSecretsStoresAndReferences() {
    files.environment.put("EMPTY", "");
    files.file("z.yaml", ENV);
    files.file("a.yaml", using("env", "password: secretKeyRef: {name: NOT_SET}"));
    fails(
        "\"password\": the secret store \"env\" has no secret \"NOT_SET\" with a field \"NOT_SET\"");
    files.file("a.yaml", using("env", "password: secretKeyRef: {name: EMPTY}"));
    fails("\"password\": the secret store \"env\" has no secret \"EMPTY\" with a field \"EMPTY\"");
    files.file("a.yaml", using("vault", "password: secretKeyRef: {name: X}"));
    fails("\"password\": there is no secret store \"vault\"");
    files.file("a.yaml", paper("a", "password: secretKeyRef: {name: X}"));
    fails("\"password\" refers to a secret, but the document has no auth.secretStore");
    files.file("b.yaml", paper("b"));
    files.file("a.yaml", using("b", "password: secretKeyRef: {name: X}"));
    fails("\"password\": there is no secret store \"b\"");
  }

  @Test
  void aFileOfSecretsFlattened() {
    files.file("z.yaml", fileStore("""
        {"plain": "one", "db": {"user": {"name": "two"}}, "list": ["three", {"x": "four"}], "n": 5}
        """));
    files.file(
        "a.yaml",
        using(
            "file",
            "password: secretKeyRef: {name: plain}",
            "value: secretKeyRef: {name: \"db:user:name\"}",
            "other: secretKeyRef: {name: \"list:1:x\", key: \"list:1:x\"}"));
    assertThat(files.value("a", "password")).isEqualTo("one");
    assertThat(files.value("a", "value")).isEqualTo("two");
    assertThat(files.value("a", "other")).isEqualTo("four");
  }

  @Test
  void anotherSeparator() {
    files.file("z.yaml", fileStore("{\"db\": {\"user\": \"two\"}}", "nestedSeparator: \"__\""));
    files.file("a.yaml", using("file", "value: secretKeyRef: {name: db__user}"));
    assertThat(files.value("a", "value")).isEqualTo("two");
  }

  @Test
  void secretsOfSeveralFields() {
    files.file(
        "z.yaml",
        fileStore(
            "{\"db\": {\"user\": \"me\", \"deep\": {\"er\": \"two\"}}, \"plain\": \"one\"}",
            "multiValued: yes"));
    files.file(
        "a.yaml",
        using(
            "file",
            "password: secretKeyRef: {name: db, key: user}",
            "value: secretKeyRef: {name: db, key: \"deep:er\"}",
            "other: secretKeyRef: {name: plain}"));
    assertThat(files.value("a", "password")).isEqualTo("me");
    assertThat(files.value("a", "value")).isEqualTo("two");
    assertThat(files.value("a", "other")).isEqualTo("one");
    files.file("a.yaml", using("file", "value: secretKeyRef: {name: db}"));
    fails("\"value\": the secret store \"file\" has no secret \"db\" with a field \"db\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"a\": canary", "[\"canary\"]", "\"canary\"", "", "{\"canary\" 1}"})
  void aFileThatIsNoObjectIsNamedAndNotQuoted(String json) {
    files.file("z.yaml", fileStore(json));
    files.file("a.yaml", using("file", "value: secretKeyRef: {name: x}"));
    var failure =
        catchThrowableOfType(ComponentException.class, () -> files.start().close());
    assertThat(failure)
        .hasMessageStartingWith(
            "component \"file\" (secretstores.local.file/v1) could not be opened (1 attempt): the secrets file")
        .hasMessageContaining("secrets.json");
    assertThat(stackTrace(failure)).doesNotContain("canary");
  }

  @Test
  void aFileThatIsNotThere() {
    files.file("z.yaml", fileStore("{}").replace("secrets.json", "nothing.json"));
    assertThat(
            catchThrowableOfType(ComponentException.class, () -> files.start().close()))
        .hasMessageContaining("there is no secrets file")
        .hasMessageContaining("nothing.json");
  }

  @Test
  void aStoreThatDoesNotOpenStandsAmongTheProblemsOnce() {
    files.file("z.yaml", fileStore("[]"));
    files
        .file("a.yaml", using("file", "value: secretKeyRef: {name: x}"))
        .file("b.yaml", paper("b", "nonsense: 1"));
    assertThat(files.problems())
        .hasSize(2)
        .anySatisfy(p -> assertThat(p).startsWith("b.yaml:11: component \"b\": \"nonsense\""))
        .anySatisfy(p -> assertThat(p).contains("component \"file\"", "must hold a JSON object"));
  }

  @Test
  void aStoreWithWrongSettingsIsReportedOnceToo() {
    files.file("z.yaml", ENV + "  metadata:\n  - {name: prefx, value: x}\n");
    files.file("a.yaml", using("env", "value: secretKeyRef: {name: x}"));
    assertThat(files.problems())
        .containsExactly(
            "z.yaml:8: component \"env\": \"prefx\" is not a setting of this component; did you mean \"prefix\"?");
  }

  @Test
  void aStoreMayTakeItsOwnSettingsFromAnEarlierOne() {
    files.environment.put("FILE", folder.resolve("secrets.json").toString());
    files.file("y.yaml", ENV);
    files.file(
        "z.yaml",
        fileStore("{\"x\": \"found\"}")
                .replace(
                    "value: \"" + folder.resolve("secrets.json") + "\"",
                    "secretKeyRef: {name: FILE}")
            + "auth: {secretStore: env}\n");
    files.file("a.yaml", using("file", "value: secretKeyRef: {name: x}"));
    assertThat(files.value("a", "value")).isEqualTo("found");
  }

  @Test
  void aStoreMadeInCodeServesFilesAndIsWaitedFor() throws Exception {
    var time = new ManualTime();
    files.file("a.yaml", using("vault", "value: secretKeyRef: {name: x, key: field}"));
    var vault = new SecretStoreComponent() {
      private int attempts;

      @Override
      public void open(ComponentContext context) {
        if (++attempts < 3) {
          throw ComponentException.unavailable("sealed", null);
        }
      }

      @Override
      public Map<String, String> secret(String name) {
        return Map.of("field", name + " of the vault");
      }

      @Override
      public void probe(Deadline deadline) {}

      @Override
      public void close() {}
    };
    var start = new FutureTask<>(
        () -> files.builder().time(time).component("vault", vault).start());
    new Thread(start).start();
    // Each advance is as long as one pause: were it longer, it could carry the next pause, too.
    for (var pause : List.of(Duration.ofMillis(50), Duration.ofMillis(100))) {
      time.awaitPending(1);
      time.advance(pause);
    }
    try (var runtime = start.get()) {
      assertThat(ComponentFiles.text(runtime.state("a"), "value")).isEqualTo("x of the vault");
    }
  }

  @Test
  void aStoreThatFailsWhenAskedIsNamed() {
    files.file("a.yaml", using("vault", "value: secretKeyRef: {name: x, key: field}"));
    var vault = new SecretStoreComponent() {
      @Override
      public void open(ComponentContext context) {}

      @Override
      public Map<String, String> secret(String name) {
        throw ComponentException.failed("no permission", null);
      }

      @Override
      public void close() {}
    };
    assertThat(files.problems(files.builder().component("vault", vault)))
        .containsExactly(
            "a.yaml:11: component \"a\": \"value\": the secret store \"vault\" failed: no permission");
  }

  @Test
  void secretsEncryptState() {
    files.environment.put("STATE_KEY", "000102030405060708090a0b0c0d0e0f");
    files.file("z.yaml", ENV).file("m.yaml", """
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: st}
        spec:
          type: state.in-memory
          version: v1
          metadata:
          - {name: primaryEncryptionKey, secretKeyRef: {name: STATE_KEY}}
          - {name: keyPrefix, value: none}
        auth: {secretStore: env}
        """);
    try (var runtime = files.start()) {
      runtime.state("st").save("k1", "hello");
      assertThat(runtime.state("st").get("k1", String.class)).contains("hello");
      assertThat(runtime.describe().toString()).doesNotContain("000102").contains("keyPrefix=none");
    }
  }

  @Test
  void noSecretInMessagesLogsOrDescriptions() {
    var canary = "canary-4711";
    files.environment.putAll(Map.of("SECRET", canary, "SIZE", canary));
    files
        .file("z.yaml", ENV)
        .file(
            "a.yaml",
            using(
                "env",
                "password: secretKeyRef: {name: SECRET}",
                "value: secretKeyRef: {name: SECRET}",
                "other: envRef: SECRET"));
    try (var log = new CapturedLog()) {
      try (var runtime = files.start()) {
        assertThat(ComponentFiles.text(runtime.state("a"), "value")).isEqualTo(canary);
        assertThat(runtime.describe().toString()).contains("***").doesNotContain(canary);
        assertThat(runtime.describe().components().toString()).doesNotContain(canary);
        assertThat(runtime.health(Duration.ofSeconds(1)).toString()).doesNotContain(canary);
        assertThat(runtime.toString()).doesNotContain(canary);
        assertThat(runtime.state("a").toString()).doesNotContain(canary);
      }
      files.file(
          "a.yaml",
          using(
              "env",
              "size: secretKeyRef: {name: SIZE}",
              "timeout: envRef: SIZE",
              "nonsense: secretKeyRef: {name: SECRET}",
              "colour: canary"));
      var failure = catchThrowableOfType(
          dev.pillion.InvalidConfigurationException.class, () -> files.start().close());
      assertThat(failure.problems()).hasSizeGreaterThanOrEqualTo(3);
      assertThat(stackTrace(failure)).doesNotContain(canary);
      assertThat(log.lines()).isNotEmpty().noneMatch(line -> line.contains(canary));
    }
  }

  private static String stackTrace(Throwable e) {
    var text = new java.io.StringWriter();
    e.printStackTrace(new java.io.PrintWriter(text));
    return text.toString();
  }
}
