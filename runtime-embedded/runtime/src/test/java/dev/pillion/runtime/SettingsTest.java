// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static dev.pillion.runtime.ComponentFiles.paper;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Settings of a component: names, types, versions, variables, secrets, placeholders. */
class SettingsTest {
  @TempDir
  Path folder;

  private ComponentFiles files;

  @BeforeEach
  void files() {
    files = new ComponentFiles(folder);
  }

  private void fails(String problem) {
    assertThat(files.problems()).containsExactly(files.placed("a.yaml", "a", problem));
  }

  @Test
  void aProblemStandsWhereItsSettingDoes() {
    files.file("a.yaml", paper("a", "size: x", "siez: 1", "value: envRef: NOT_SET"));
    assertThat(files.problems())
        .containsExactlyInAnyOrder(
            "a.yaml:11: component \"a\": \"size\" was \"x\" but must be a whole number",
            "a.yaml:13: component \"a\": \"siez\" is not a setting of this component; did you mean \"size\"?",
            "a.yaml:15: component \"a\": \"value\": the variable \"NOT_SET\" is not set");
  }

  @Test
  void namesIgnoreCaseAndHaveAliases() {
    files.file("a.yaml", paper("a", "SIZE: 2").replace("name: colour", "name: Color"));
    assertThat(files.problems()).isEmpty();
  }

  @Test
  void namesThatDifferInCaseOnlyAreOneSettingTwice() {
    files.file("a.yaml", paper("a", "size: 2", "Size: 3"));
    fails("\"size\" and \"Size\" are the same setting; write it once");
  }

  @Test
  void anUnknownSettingIsNamedWithTheNearest() {
    files.file("a.yaml", paper("a", "siez: 2"));
    fails("\"siez\" is not a setting of this component; did you mean \"size\"?");
    files.file("a.yaml", paper("a", "keyPrefx: none"));
    fails("\"keyPrefx\" is not a setting of this component; did you mean \"keyPrefix\"?");
    files.file("a.yaml", paper("a", "somethingElse: 2"));
    fails("\"somethingElse\" is not a setting of this component");
  }

  @Test
  void settingsOfTheBuildingBlockAreKnown() {
    files.file("a.yaml", paper("a", "keyPrefix: none", "actorStateStore: true"));
    assertThat(files.problems()).isEmpty();
  }

  @Test
  void aMissingSettingIsNamed() {
    files.file("a.yaml", paper("a").replace("value: white", "value:"));
    fails("\"colour\" is missing");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      value = {
        "size: x#\"size\" was \"x\" but must be a whole number",
        "size: 11#\"size\" was \"11\" but must be from 1 to 10",
        "size: 1.5#\"size\" was \"1.5\" but must be a whole number",
        "timeout: 1d#\"timeout\" was \"1d\" but must be a duration such as 500ms, 5s or 1h30m, or a whole number",
        "glitter: gold#\"glitter\" is a setting of Dapr's that Pillion does not support; paper is matt",
        "keyPrefix: a||b#\"keyPrefix\" can't contain \"||\", which separates the parts of a stored key"
      })
  void aWrongValueIsNamedWithTheRule(String item, String problem) {
    files.file("a.yaml", paper("a", item));
    fails(problem);
  }

  @ParameterizedTest
  @CsvSource({
    "state.paper, v1",
    "STATE.Paper, V1",
    "state.papyrus, ''",
    "state.paper, v0",
    "state.scroll, v2",
    "state.scroll, v1",
    "state.scroll, ''"
  })
  void typesAndVersionsIgnoreCaseAndHaveDefaults(String type, String version) {
    var spec = paper("a")
        .replace("type: state.paper", "type: " + type)
        .replace("version: v1", "version: \"" + version + "\"");
    files.file("a.yaml", type.contains("scroll") ? spec.replace("colour", "value") : spec);
    assertThat(files.problems()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {"state.paper;v2;[v1]", "state.scroll;v0;[v2, v1]", "state.scroll;v3;[v2, v1]"})
  void anUnknownVersionIsNamedWithThoseThereAre(String type, String version, String known) {
    files.file(
        "a.yaml",
        paper("a")
            .replace("type: state.paper", "type: " + type)
            .replace("version: v1", "version: " + version));
    fails("\"%s\" has no version \"%s\"; it has %s".formatted(type, version, known));
  }

  @Test
  void anUnknownTypeIsNamedWithTheNearestAndTheList() {
    files.file("a.yaml", paper("a").replace("state.paper", "state.papr"));
    assertThat(files.problems())
        .singleElement()
        .asString()
        .startsWith(
            "a.yaml:1: component \"a\": unknown type \"state.papr\", did you mean \"state.paper\"?; Pillion has [")
        .contains("secretstores.local.env", "state.in-memory", "state.redis", "state.scroll");
    files.file("a.yaml", paper("a").replace("state.paper", "bindings.carrier-pigeon"));
    assertThat(files.problems())
        .singleElement()
        .asString()
        .contains("unknown type \"bindings.carrier-pigeon\"; Pillion has [")
        .doesNotContain("did you mean");
  }

  @ParameterizedTest
  @CsvSource({
    "state.redis, pillion-state-redis",
    "State.SQLite3, pillion-state-sqlite",
    "state.postgresql, pillion-state-postgresql"
  })
  void aTypeWhoseArtifactIsMissingPrintsTheDependency(String type, String artifact) {
    files.file("a.yaml", paper("a").replace("state.paper", type));
    fails(
        "the type \"%s\" needs an artifact that is not on the class path; add the dependency dev.pillion:%s:%s"
            .formatted(type, artifact, PillionVersion.current()));
    assertThat(PillionVersion.current()).matches("\\d+\\.\\d+\\.\\d+.*");
  }

  @Test
  void aProviderThatRefusesIsQuoted() {
    files.file(
        "a.yaml",
        paper("a", "torn: true").replace("state.paper", "state.scroll").replace("colour", "value"));
    fails("a torn scroll can't be read");
  }

  @Test
  void everyProblemOfEveryFileStandsInOneMessage() {
    files
        .file("a.yaml", paper("a", "size: x", "siez: 1", "timeout: 1d"))
        .file("b.yaml", paper("b", "password: envRef: NOT_SET"))
        .file("c.yaml", "a: [")
        .file("d.yaml", paper("d").replace("state.paper", "state.nothing"))
        .file(
            "e.yaml",
            paper("e", "password: secretKeyRef: {name: x}") + "auth: {secretStore: none}\n");
    assertThat(files.problems()).hasSize(7);
    try {
      files.start().close();
    } catch (dev.pillion.InvalidConfigurationException e) {
      assertThat(e.getMessage().lines()).hasSize(8);
      assertThat(e.getMessage()).startsWith("7 configuration problems:");
      assertThat(e.errorCode()).isEqualTo("ERR_CONFIGURATION");
    }
  }

  @Test
  void aVariableIsReadAndShownToNobody() {
    files.environment.put("COLOUR", "green");
    files.file("a.yaml", paper("a", "value: envRef: COLOUR"));
    try (var runtime = files.start()) {
      assertThat(ComponentFiles.text(runtime.state("a"), "value")).isEqualTo("green");
      assertThat(runtime.describe().components().get(0).settings())
          .containsEntry("value", "***")
          .containsEntry("colour", "white");
    }
  }

  @Test
  void aValueWinsOverAVariableUnlessItIsNull() {
    files.environment.put("COLOUR", "green");
    files.file(
        "a.yaml",
        paper(
            "a",
            "value: red\n    envRef: COLOUR",
            "other: null\n    envRef: COLOUR",
            "password: \"\"\n    envRef: COLOUR"));
    assertThat(files.value("a", "value")).isEqualTo("red");
    assertThat(files.value("a", "other")).isEqualTo("green");
    assertThat(files.value("a", "password")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      value = {
        "MISSING#\"MISSING\" is not set",
        "''# \"\" is not the name of a variable",
        "'A B'#\"A B\" is not the name of a variable",
        "APP_API_TOKEN#\"APP_API_TOKEN\" is reserved; variables named APP_API_TOKEN or DAPR_… can't be referred to",
        "app_api_token#\"app_api_token\" is reserved; variables named APP_API_TOKEN or DAPR_… can't be referred to",
        "DAPR_API_TOKEN#\"DAPR_API_TOKEN\" is reserved; variables named APP_API_TOKEN or DAPR_… can't be referred to",
        "Dapr_x#\"Dapr_x\" is reserved; variables named APP_API_TOKEN or DAPR_… can't be referred to"
      })
  void variablesThatCannotBeReferredTo(String name, String reason) {
    for (String set :
        new String[] {"A B", "APP_API_TOKEN", "app_api_token", "DAPR_API_TOKEN", "Dapr_x"}) {
      files.environment.put(set, "canary");
    }
    files.file("a.yaml", paper("a", "value: envRef: \"" + name + "\""));
    fails("\"value\": the variable " + reason.strip());
  }

  @Test
  void aListOfAllowedVariablesIsHeld() {
    files.environment.putAll(Map.of(
        "COLOUR",
        "green",
        "COLOUR_2",
        "red",
        "OTHER",
        "canary",
        "DAPR_ENV_KEYS",
        "  COLOUR_2  COLOUR "));
    files.file("a.yaml", paper("a", "value: envRef: COLOUR", "other: envRef: COLOUR_2"));
    assertThat(files.problems()).isEmpty();
    files.file("a.yaml", paper("a", "value: envRef: OTHER"));
    fails(
        "\"value\": the variable \"OTHER\" is not in DAPR_ENV_KEYS, which lists [COLOUR_2  COLOUR]");
    files.environment.put("DAPR_ENV_KEYS", " ");
    assertThat(files.problems()).isEmpty();
  }

  @Test
  void quotesAroundAVariableOrSecretAreTakenOffAsDaprDoes() {
    files.environment.putAll(
        Map.of("A", "\"in quotes\"", "B", "`in ticks`", "C", "\"half", "D", "\""));
    files.file("a.yaml", paper("a", "value: envRef: A", "other: envRef: B", "password: envRef: C"));
    assertThat(files.value("a", "value")).isEqualTo("in quotes");
    assertThat(files.value("a", "other")).isEqualTo("in ticks");
    assertThat(files.value("a", "password")).isEqualTo("\"half");
    files.file("a.yaml", paper("a", "value: envRef: D"));
    assertThat(files.value("a", "value")).isEqualTo("\"");
  }

  @Test
  void placeholdersAreFilled() {
    files.environment.put("POD_NAME", "pod-7");
    files.namespace = "prod";
    files.file(
        "a.yaml",
        paper(
            "a",
            "value: \"{appID}/{namespace}/{podName}/{AppID}/{other}\"",
            "other: \"{uuid}+{uuid}\""));
    assertThat(files.value("a", "value")).isEqualTo("orders/prod.orders/pod-7/{AppID}/{other}");
    var uuids = files.value("a", "other").split("\\+");
    assertThat(uuids).hasSize(2).doesNotHaveDuplicates();
    assertThat(uuids[0])
        .matches("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  }

  @Test
  void theNamespacePlaceholderIsDefaultWithoutOneAsInDapr() {
    files.file("a.yaml", paper("a", "value: \"{namespace}\""));
    assertThat(files.value("a", "value")).isEqualTo("default.orders");
  }

  @Test
  void aPlaceholderWithoutItsVariableIsAProblem() {
    files.file("a.yaml", paper("a", "value: \"{podName}\""));
    fails("\"value\" refers to {podName} but POD_NAME is not set");
  }

  @Test
  void whatLedToNothingIsReportedOnce() {
    files.file("a.yaml", paper("a").replace("value: white", "envRef: NOT_SET"));
    fails("\"colour\": the variable \"NOT_SET\" is not set");
  }

  @ParameterizedTest
  @ValueSource(strings = {"size", "timeout", "keyPrefix", "primaryEncryptionKey"})
  void aWrongValueFromAVariableOrSecretIsNotShown(String setting) {
    files.environment.put("WRONG", "canary||x");
    files.file("s.yaml", """
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: env}
        spec: {type: secretstores.local.env, version: v1}
        """);
    files.file("a.yaml", paper("a", setting + ": envRef: WRONG"));
    assertThat(files.problems())
        .singleElement()
        .asString()
        .contains("\"" + setting + "\"")
        .doesNotContain("canary");
    files.file(
        "a.yaml",
        paper("a", setting + ": secretKeyRef: {name: WRONG}") + "auth: {secretStore: env}\n");
    assertThat(files.problems())
        .singleElement()
        .asString()
        .contains("\"" + setting + "\"")
        .doesNotContain("canary");
  }
}
