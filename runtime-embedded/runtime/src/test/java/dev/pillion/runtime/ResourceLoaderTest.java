// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static dev.pillion.runtime.ComponentFiles.paper;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.component.ComponentSpec;
import dev.pillion.state.engine.InMemoryStateStore;
import dev.pillion.testkit.CapturedLog;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Which documents of a folder become components, in which order, and what is wrong with the rest.
 */
class ResourceLoaderTest {
  @TempDir
  Path folder;

  private ComponentFiles files;

  @BeforeEach
  void files() {
    files = new ComponentFiles(folder);
  }

  private List<String> names() {
    try (var runtime = files.start()) {
      return runtime.describe().components().stream()
          .map(ComponentDescription::name)
          .toList();
    }
  }

  @Test
  void filesByNameThenDocumentsByPlace() {
    files
        .file("b.yaml", paper("b1") + "---\n" + paper("b2"))
        .file("a.yml", paper("z"))
        .file("C.YAML", paper("c"))
        .file("c.txt", "no yaml: [")
        .file("sub/d.yaml", paper("d"));
    assertThat(names()).containsExactly("c", "z", "b1", "b2");
  }

  @Test
  void aLeadingSeparatorAndEmptyDocumentsAreHarmless() {
    files.file(
        "a.yaml",
        "---\n---\n# only a comment\n--- # and a remark\n" + paper("a") + "---\n\n---\n"
            + paper("b") + "\n---");
    assertThat(names()).containsExactly("a", "b");
  }

  @Test
  void directivesAndDocumentEndsAreRead() {
    files.file("a.yaml", "%YAML 1.2\n---\n" + paper("a") + "...\n---\n" + paper("b"));
    assertThat(names()).containsExactly("a", "b");
  }

  @Test
  void byteOrderMarksAndWindowsLineEnds() {
    files.file("a.yaml", "\ufeff" + (paper("a") + "---\n" + paper("b")).replace("\n", "\r\n"));
    assertThat(names()).containsExactly("a", "b");
  }

  @Test
  void commentsAnchorsAliasesAndMerges() {
    files.file("a.yaml", """
        # a comment
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: a} # another
        spec:
          type: state.paper
          version: v1
          metadata:
          - &item
            name: colour
            value: &colour white
          - name: value
            value: *colour
          - <<: *item
            name: other
        """);
    assertThat(files.value("a", "value")).isEqualTo("white");
    assertThat(files.value("a", "other")).isEqualTo("white");
  }

  @Test
  void anEmptyFolderIsARuntimeWithoutComponents() {
    assertThat(names()).isEmpty();
  }

  @Test
  void aMissingFolderOrAFileInItsPlaceIsAProblem() {
    files.file("a.yaml", paper("a"));
    var builder = EmbeddedRuntime.builder("orders")
        .resources(folder.resolve("none"), folder.resolve("a.yaml"));
    assertThat(files.problems(builder))
        .containsExactly(
            "the resources folder \"none\" can't be read: there is no such folder",
            "the resources folder \"a.yaml\" can't be read: it is no folder");
  }

  @Test
  void onlyThisAppsDocumentsCountAndOthersErrorsAreTheirs() {
    files
        .file("a.yaml", paper("mine") + "scopes:\n- orders\n- billing\n")
        .file("b.yaml", paper("theirs") + "scopes: [billing, ORDERS]\n")
        .file("c.yaml", paper("everyones") + "scopes: []\n")
        .file("d.yaml", paper("broken").replace("state.paper", "state.nonsense") + "scopes: [x]\n")
        .file("e.yaml", paper("mine") + "scopes: [x]\n");
    assertThat(names()).containsExactly("mine", "everyones");
  }

  @Test
  void namespacesMustNotDiffer() {
    files
        .file("a.yaml", paper("none"))
        .file(
            "b.yaml", paper("prod").replace("  name: prod\n", "  name: prod\n  namespace: prod\n"))
        .file(
            "c.yaml", paper("test").replace("  name: test\n", "  name: test\n  namespace: test\n"));
    assertThat(names()).containsExactly("none", "prod", "test");
    files.namespace = "prod";
    assertThat(names()).containsExactly("none", "prod");
  }

  @Test
  void theNamespaceComesFromTheGivenEnvironmentUnlessSet() {
    files.file("a.yaml", paper("a").replace("  name: a\n", "  name: a\n  namespace: test\n"));
    var builder = EmbeddedRuntime.builder("orders")
        .resources(folder)
        .environment(Map.of("NAMESPACE", "prod"));
    try (var runtime = builder.start()) {
      assertThat(runtime.namespace()).isEqualTo("prod");
      assertThat(runtime.describe().components()).isEmpty();
    }
  }

  @Test
  void aNameCanBeGivenOnceOnly() {
    files.file("a.yaml", paper("same")).file("b.yaml", paper("x") + "---\n" + paper("same"));
    assertThat(files.problems())
        .containsExactly(
            "b.yaml:12: component \"same\": there is a component of that name at a.yaml:1 already");
  }

  @Test
  void codeAndFilesCannotGiveTheSameName() {
    files.file("a.yaml", paper("same"));
    assertThat(files.problems(files.builder().component("same", new InMemoryStateStore())))
        .containsExactly(
            "a.yaml:1: component \"same\": code has given that name to another component already");
    var spec = ComponentSpec.of("same", "state.in-memory", Map.of());
    assertThat(files.problems(files.builder().component(spec))).hasSize(1);
    assertThat(files.problems(EmbeddedRuntime.builder("orders").component(spec).component(spec)))
        .containsExactly(
            "component \"same\": code has given that name to another component already");
  }

  @Test
  void otherKindsOfDaprsAreWarnedOf() {
    files.file("a.yaml", """
        apiVersion: dapr.io/v1alpha1
        kind: MCPServer
        metadata: {name: r}
        ---
        apiVersion: dapr.io/v1alpha1
        kind: Configuration
        ---
        apiVersion: v1
        kind: Secret
        ---
        apiVersion: core.oam.dev/v1beta1
        kind: Component
        """);
    try (var log = new CapturedLog()) {
      assertThat(names()).isEmpty();
      assertThat(log.lines("WARN"))
          .hasSize(2)
          .anySatisfy(
              line -> assertThat(line).contains("a.yaml:1: MCPServer documents", "no effect"))
          .anySatisfy(line -> assertThat(line).contains("a.yaml:5: a Configuration"));
    }
  }

  @Test
  void aKindThatDaprDoesNotHaveIsAProblem() {
    files
        .file("a.yaml", "apiVersion: dapr.io/v1alpha1\nkind: Resilency\nspec: {}\n")
        .file("b.yaml", "apiVersion: dapr.io/v1alpha1\nkind: Gizmo\n")
        .file("c.yaml", "apiVersion: dapr.io/v1alpha1\nkind: Gizmo\nscopes: [other]\n");
    assertThat(files.problems())
        .containsExactly(
            "a.yaml:2: Dapr has no kind \"Resilency\", did you mean \"Resiliency\"?; there are "
                + "[Component, Configuration, HTTPEndpoint, MCPServer, Resiliency, Subscription, WorkflowAccessPolicy]",
            "b.yaml:2: Dapr has no kind \"Gizmo\"; there are "
                + "[Component, Configuration, HTTPEndpoint, MCPServer, Resiliency, Subscription, WorkflowAccessPolicy]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "apiVersion: dapr.io/v1\nkind: Component",
        "apiVersion: dapr.io/v1alpha2\nkind: Component",
        "apiVersion: dapr/v1alpha1\nkind: Component",
        "kind: Component",
        "apiVersion: dapr.io/v1alpha1\nkind: component",
        "apiVersion: dapr.io/v1alpha1"
      })
  void whatIsNearlyAComponentIsAProblem(String head) {
    files.file("a.yaml", head + "\nmetadata: {name: a}\n");
    assertThat(files.problems())
        .singleElement()
        .asString()
        .startsWith("a.yaml:1: a component has apiVersion: dapr.io/v1alpha1 and kind: Component");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a: [1\n",
        "a: b: c\n",
        "a:\n\t- x\n",
        "a: 'open\n",
        "a: *nothing\n",
        "a: {b: }}\n",
        "- a\nb: c\n",
        "a: @x\n"
      })
  void malformedYamlIsNamedWithItsLineAndDoesNotHideTheNextDocument(String yaml) {
    files.file("a.yaml", paper("ok") + "---\n" + yaml + "---\n" + paper("b", "nonsense: 1"));
    assertThat(files.problems())
        .hasSize(2)
        .anySatisfy(
            problem -> assertThat(problem).matches("(?s)a\\.yaml:1[2-4]: not valid YAML: .*"))
        .anySatisfy(problem -> assertThat(problem).contains("component \"b\": \"nonsense\""));
  }

  @Test
  void malformedYamlIsNotQuoted() {
    files.file("a.yaml", "password: canary\nother: 'canary\n");
    files.file("b.yaml", "password: 'canary' canary\n");
    files.file("c.yaml", "- canary\ncanary\n");
    assertThat(files.problems()).hasSize(3).allSatisfy(p -> assertThat(p).doesNotContain("canary"));
  }

  @Test
  void aDocumentWithoutFieldsIsNoResource() {
    files.file("a.yaml", "just text\n---\n- a\n- list\n---\n~\n");
    assertThat(files.problems())
        .containsExactly(
            "a.yaml:1: not a Dapr resource: it has no fields",
            "a.yaml:3: not a Dapr resource: it has no fields");
  }

  @Test
  void otherEncodingsAreNamed() {
    files.file("a.yaml", "name: \u00e9\n".getBytes(ISO_8859_1));
    assertThat(files.problems()).containsExactly("a.yaml: not UTF-8 text");
  }

  @Test
  void aHugeFileIsRefusedBeforeItIsRead() {
    byte[] huge = new byte[5 * 1024 * 1024];
    java.util.Arrays.fill(huge, (byte) '#');
    files.file("a.yaml", huge);
    assertThat(files.problems())
        .containsExactly("a.yaml: larger than 4194304 bytes, which no Dapr resource is");
  }

  @Test
  void aLargeDocumentIsRead() {
    var text = "x".repeat(200_000);
    files.file("a.yaml", paper("a", "value: " + text));
    assertThat(files.value("a", "value")).isEqualTo(text);
  }

  @Test
  void manySmallDocumentsAreRead() {
    var text = new StringBuilder();
    for (int i = 0; i < 200; i++) {
      text.append(paper("p" + i)).append("---\n");
    }
    files.file("a.yaml", text.toString());
    assertThat(names()).hasSize(200);
  }

  @Test
  void aliasBombsAreRefused() {
    var bomb = new StringBuilder("a0: &a0 [x, x]\n");
    for (int i = 1; i < 25; i++) {
      bomb.append("a%d: &a%d [*a%d, *a%d]\n".formatted(i, i, i - 1, i - 1));
    }
    files
        .file("a.yaml", bomb.toString())
        .file("b.yaml", "a: &a\n  b: *a\n")
        .file("c.yaml", "a: &a [*a, *a]\n")
        .file("d.yaml", paper("d", "value: &v [ *v ]"));
    assertThat(files.problems()).hasSize(4).allSatisfy(p -> assertThat(p)
        .containsAnyOf("with its aliases followed, too large"));
  }

  @Test
  void deepNestingIsRefused() {
    files
        .file("a.yaml", "a: " + "[".repeat(200) + "]".repeat(200) + "\n")
        .file("b.yaml", "a: " + "[".repeat(200_000) + "]".repeat(200_000) + "\n");
    assertThat(files.problems()).hasSize(2).allSatisfy(p -> assertThat(p)
        .containsAnyOf("too deep", "nested too deeply", "not valid YAML"));
  }

  @Test
  void fieldsThatDaprDoesNotHaveAreNamedWithTheNearest() {
    files.file("a.yaml", """
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata:
          name: a
        spec:
          type: state.paper
          versoin: v1
          initTimout: 5s
          metadata:
          - name: colour
            valeu: white
          - nmae: x
          - name: password
            secretKeyRef: {nam: x}
        auth:
          secretstore: s
        scope: [x]
        entirelyDifferent: 1
        """);
    assertThat(files.problems())
        .contains(
            "a.yaml:17: \"scope\" is not a field of a component; did you mean \"scopes\"?",
            "a.yaml:18: \"entirelyDifferent\" is not a field of a component; it has apiVersion, kind, metadata, spec, auth and scopes",
            "a.yaml:7: \"versoin\" is not a field of spec; did you mean \"version\"?",
            "a.yaml:8: \"initTimout\" is not a field of spec; did you mean \"initTimeout\"?",
            "a.yaml:11: \"valeu\" is not a field of an entry of spec.metadata; did you mean \"value\"?",
            "a.yaml:12: an entry of spec.metadata has no name",
            "a.yaml:14: a secretKeyRef has no name",
            "a.yaml:16: \"secretstore\" is not a field of auth; did you mean \"secretStore\"?");
  }

  @Test
  void fieldsOfTheWrongShapeAreNamed() {
    files
        .file("a.yaml", paper("a").replace("  name: a", "  nam: a"))
        .file("b.yaml", paper("b").replace("  type: state.paper\n", ""))
        .file("c.yaml", paper("c/d"))
        .file(
            "d.yaml",
            "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: d}\nspec: x\n")
        .file("e.yaml", paper("e") + "scopes: orders\n")
        .file(
            "f.yaml",
            "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: f}\n"
                + "spec: {type: state.paper, metadata: {a: b}}\n")
        .file(
            "g.yaml",
            "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: g}\n"
                + "spec: {type: state.paper, metadata: [a]}\n")
        .file("h.yaml", paper("h").replace("version: v1", "ignoreErrors: maybe"))
        .file("i.yaml", paper("i").replace("version: v1", "version: v1\n  version: v1"))
        .file("j.yaml", paper("j", "value: 1", "value: 2"));
    assertThat(files.problems())
        .contains(
            "a.yaml:1: the component has no metadata.name",
            "b.yaml:1: the component \"b\" has no spec.type",
            "c.yaml:1: the component's name \"c/d\" can't hold a slash or percent sign, as it is part of paths",
            "d.yaml:4: \"spec\" must have fields",
            "e.yaml:11: \"scopes\" must be a list",
            "f.yaml:4: \"metadata\" must be a list",
            "g.yaml:4: each entry of spec.metadata needs a name and a value",
            "h.yaml:7: \"ignoreErrors\" was \"maybe\" but must be true or false",
            "i.yaml:8: \"version\" stands here for the second time; write it once",
            "j.yaml:13: \"value\" is set for the second time; write it once");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0s", "-1s", "0", "5", "abc", "1d"})
  void aWrongInitTimeoutIsAProblem(String timeout) {
    files.file("a.yaml", paper("a").replace("version: v1", "initTimeout: " + timeout));
    assertThat(files.problems())
        .containsExactly("a.yaml:7: \"initTimeout\" was \"" + timeout
            + "\" but must be a positive duration such as 5s");
  }

  @Test
  void theOrderOfFoldersIsKept() {
    files.file("z/a.yaml", paper("first")).file("a/a.yaml", paper("second"));
    var builder =
        EmbeddedRuntime.builder("orders").resources(folder.resolve("z"), folder.resolve("a"));
    try (var runtime = builder.start()) {
      assertThat(runtime.describe().components())
          .extracting(ComponentDescription::name)
          .containsExactly("first", "second");
    }
  }

  @Test
  void utf8IsKept() {
    files.file("a.yaml", paper("a", "value: grün 😀").getBytes(UTF_8));
    assertThat(files.value("a", "value")).isEqualTo("grün 😀");
  }
}
