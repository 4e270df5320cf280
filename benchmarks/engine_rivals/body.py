"""The document and the headers that every Python rival sends; a template costs less than encoding, in their favour."""

BODY = (
    b'{"studentUniqueId":"S%d","firstName":"Ana","lastSurname":"Garcia","birthDate":"2010-05-12","birthCity":"Austin",'
    b'"birthSexDescriptor":"uri://ed-fi.org/SexDescriptor#Female","otherNames":[{"otherNameTypeDescriptor":'
    b'"uri://ed-fi.org/OtherNameTypeDescriptor#Nickname","firstName":"Annie","lastSurname":"Garcia"}],"visas":[],'
    b'"identificationDocuments":[],"personalIdentificationDocuments":[]}'
)
HEADERS = {
    "Authorization": "Bearer abcdefghijklmnopqrstuvwxyz",
    "Accept": "application/json",
    "Content-Type": "application/json",
}
