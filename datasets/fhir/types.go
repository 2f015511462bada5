package fhir

import "strings"

// resourceType is a resource type of FHIR R4, with what tells another release's from it.
type resourceType struct {
	name    string
	markers []marker
}

// r4Types holds the resource types of FHIR R4 (4.0.1), each under its own name, so that looking one
// up by bytes gives a string without allocating.
var r4Types = typesOf(`
Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent
Basic Binary BiologicallyDerivedProduct BodyStructure Bundle
CapabilityStatement CarePlan CareTeam CatalogEntry ChargeItem ChargeItemDefinition Claim ClaimResponse
ClinicalImpression CodeSystem Communication CommunicationRequest CompartmentDefinition Composition
ConceptMap Condition Consent Contract Coverage CoverageEligibilityRequest CoverageEligibilityResponse
DetectedIssue Device DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement DiagnosticReport
DocumentManifest DocumentReference
EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare
EventDefinition Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit
FamilyMemberHistory Flag Goal GraphDefinition Group GuidanceResponse HealthcareService
ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide
InsurancePlan Invoice Library Linkage List Location
Measure MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge
MedicationRequest MedicationStatement MedicinalProduct MedicinalProductAuthorization
MedicinalProductContraindication MedicinalProductIndication MedicinalProductIngredient
MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged
MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition MessageHeader
MolecularSequence NamingSystem NutritionOrder
Observation ObservationDefinition OperationDefinition OperationOutcome Organization OrganizationAffiliation
Parameters Patient PaymentNotice PaymentReconciliation Person PlanDefinition Practitioner PractitionerRole
Procedure Provenance Questionnaire QuestionnaireResponse
RelatedPerson RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject
RiskAssessment RiskEvidenceSynthesis
Schedule SearchParameter ServiceRequest Slot Specimen SpecimenDefinition StructureDefinition StructureMap
Subscription Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein
SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest
Task TerminologyCapabilities TestReport TestScript ValueSet VerificationResult VisionPrescription`)

func typesOf(names string) map[string]*resourceType {
	m := map[string]*resourceType{}
	for name := range strings.FieldsSeq(names) {
		t := &resourceType{name: name, markers: markers[name]}
		for i := range t.markers {
			t.markers[i].bit = nameBit([]byte(t.markers[i].element))
		}
		m[name] = t
	}
	return m
}

// foreignTypes holds resource types that R4 and R4B do not have, by the release that does: one of
// them in a source proves the source is not R4. STU3 includes what it shares with DSTU2.
var foreignTypes = byRelease(map[string]string{
	DSTU2: `BodySite Conformance DeviceUseRequest DiagnosticOrder ImagingObjectSelection MedicationOrder Order OrderResponse`,
	STU3: `DataElement DeviceComponent EligibilityRequest EligibilityResponse ExpansionProfile ImagingManifest
		ProcedureRequest ProcessRequest ProcessResponse ReferralRequest Sequence ServiceDefinition`,
	R5: `ActorDefinition ArtifactAssessment BiologicallyDerivedProductDispense ConditionDefinition DeviceAssociation
		DeviceDispense DeviceUsage EncounterHistory FormularyItem GenomicStudy ImagingSelection InventoryItem
		InventoryReport NutritionIntake Permission RequestOrchestration Requirements TestPlan Transport`,
})

func byRelease(names map[string]string) map[string]string {
	m := map[string]string{}
	for release, list := range names {
		for name := range strings.FieldsSeq(list) {
			m[name] = release
		}
	}
	return m
}
