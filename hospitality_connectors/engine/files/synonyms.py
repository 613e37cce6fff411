# ruff: noqa: E501
"""How exports of property systems and tills name their columns, in several languages.

Each line names a field and the headings seen for it, separated by ``|``. A field without a slot
stands for every slot that has it.
"""

PEOPLE = {
    "external_id": (
        "guest id|guest no|guest number|profile id|profile no|profile number|client id|customer id|customer no|"
        "customer number|person id|member id|name id|id гостя|код гостя|номер гостя|код клієнта|код клиента|"
        "id клієнта|id клиента|gast nr|gastnummer|kundennummer|kunden nr|id client|id cliente|հյուրի կոդ"
    ),
    "name": (
        "name|full name|guest name|guest|customer|customer name|client|client name|contact name|primary guest|"
        "lead guest|ім'я гостя|піб|п і б|гість|фіо|фио|ф и о|гость|имя гостя|клієнт|клиент|name des gastes|gast|"
        "gastname|kunde|nom du client|nombre completo|cliente|ospite|hóspede|imię i nazwisko|հյուր|հյուրի անուն|"
        "客人|姓名|客人姓名"
    ),
    "given_name": (
        "first name|firstname|given name|given names|forename|fname|ім'я|имя|vorname|prénom|prenom|nombre|nome|imię|"
        "imie|anuny|անուն|名"
    ),
    "middle_name": "middle name|middlename|patronymic|second name|по батькові|отчество|zweiter vorname|հայրանուն",
    "family_name": (
        "last name|lastname|surname|family name|lname|прізвище|фамилия|nachname|familienname|zuname|nom|nom de famille|"
        "apellido|apellidos|cognome|sobrenome|nazwisko|ազգանուն|姓"
    ),
    "salutation": "title|salutation|prefix|звертання|звернення|обращение|anrede|civilité|tratamiento",
    "gender": "gender|sex|стать|пол|geschlecht|sexe|sexo|sesso|płeć|սեռ|性别",
    "birthdate": (
        "birthdate|birth date|date of birth|dob|birthday|дата народження|день народження|дата рождения|день рождения|"
        "geburtsdatum|geburtstag|date de naissance|fecha de nacimiento|data di nascita|data urodzenia|"
        "ծննդյան ամսաթիվ|ծննդյան օր|出生日期|生日"
    ),
    "nationality": (
        "nationality|citizenship|national|громадянство|національність|гражданство|nationalität|staatsangehörigkeit|"
        "nationalité|nacionalidad|nazionalità|քաղաքացիություն|国籍"
    ),
    "lang": "language|lang|preferred language|мова|язык|sprache|langue|idioma|lingua|լեզու|语言",
    "email": (
        "email|e mail|email address|mail|guest email|customer email|contact email|ел пошта|електронна пошта|пошта|"
        "имейл|эл почта|электронная почта|почта|e mail adresse|courriel|correo|correo electrónico|էլ փոստ|էլ հասցե|邮箱"
    ),
    "phone": (
        "phone|telephone|tel|mobile|mobile phone|cell|cell phone|phone number|phone no|guest phone|customer phone|"
        "contact phone|телефон|моб телефон|мобільний|мобильный|номер телефону|номер телефона|telefon|"
        "telefonnummer|handy|mobil|téléphone|teléfono|telefono|móvil|telefone|հեռախոս|հեռախոսահամար|电话|手机|手机号"
    ),
    "street": "street|address|address 1|address line 1|street address|адреса|вулиця|адрес|улица|straße|strasse|adresse|dirección|հասցե|地址",
    "street2": "address 2|address line 2|street 2",
    "zip": "zip|zip code|postcode|postal code|індекс|поштовий індекс|индекс|plz|postleitzahl|code postal|código postal|փոստային ինդեքս",
    "city": "city|town|місто|город|ort|stadt|ville|ciudad|città|miasto|քաղաք|城市",
    "state": "state|region|province|область|регіон|регион|bundesland|état|provincia",
    "country": "country|country of residence|country code|guest country|країна|страна|land|pays|país|paese|kraj|երկիր|国家",
    "company_name": "employer|company name of guest|місце роботи|место работы",
    "vip": "vip|vip status|vip level|vip code|віп|вип",
    "notes": "notes|guest notes|profile notes|comments|remarks|примітки|примечания|примечание|нотатки|заметки|notizen|bemerkungen|նշումներ",
    "membership_number": (
        "membership number|membership no|loyalty number|loyalty no|loyalty card|member number|member no|card number|"
        "номер картки|номер карти|бонусна картка|карта лояльности|mitgliedsnummer"
    ),
    "membership_level": "membership level|loyalty level|tier|member level|loyalty tier|рівень лояльності|уровень лояльности",
    "membership_program": "membership program|loyalty program|loyalty programme|membership type|програма лояльності",
    "vat": "vat number|vat id|tax id|tin|edrpou|єдрпоу|іпн|инн|ust id|ustid|steuernummer",
    "local_name": "local name|alternate name|name local script|native name",
}
COMPANY = {
    "name": "company|company name|corporate|organisation|organization|firm|компанія|фірма|компания|фирма|организация|firma|société|empresa|azienda|ընկերություն|公司",
    "external_id": "company id|company no|company number|company code|corporate id|код компанії|код компании|firmennummer",
}
AGENCY = {
    "name": "agency|agent|travel agent|travel agency|tour operator|agency name|агент|агентство|агенція|турагент|туроператор|reisebüro|veranstalter|agence|agencia|գործակալություն",
    "external_id": "agent id|agency id|agent no|agency no|agent code|iata|iata number|код агента|код агентства",
}
VISIT = {
    "property": (
        "hotel|property|property code|hotel code|hotel name|property name|resort|restaurant|venue|location|site|готель|"
        "заклад|об'єкт|отель|гостиница|ресторан|объект|objekt|hôtel|propiedad|հյուրանոց|酒店"
    ),
    "channel": (
        "channel|distribution channel|booking channel|source|booking source|origin|sales channel|ota|канал|"
        "канал продажу|канал бронювання|канал продаж|канал бронирования|джерело|источник|kanal|buchungskanal|quelle|"
        "canal|ալիք|渠道"
    ),
    "booked_on": (
        "booked on|booking date|booked at|date booked|reservation date|created|created at|created on|creation date|"
        "date created|дата бронювання|дата створення|дата бронирования|дата создания|buchungsdatum|gebucht am|"
        "date de réservation|fecha de reserva|ամրագրման ամսաթիվ|预订日期"
    ),
    "cancelled_on": (
        "cancelled on|cancellation date|date cancelled|canceled at|cancelled at|cancel date|дата скасування|"
        "дата отмены|дата аннуляции|stornodatum|storniert am|date d'annulation"
    ),
    "status": (
        "status|state|booking status|reservation status|res status|статус|статус бронювання|статус бронирования|стан|"
        "состояние|buchungsstatus|statut|estado|stato|կարգավիճակ|状态"
    ),
    "status_on": "status date|reservation status date|дата статусу|дата статуса",
    "currency": "currency|currency code|curr|валюта|währung|waehrung|devise|moneda|valuta|արժույթ|币种|货币",
    "version": (
        "last modified|modified|modified at|updated|updated at|last updated|last change|modification date|update date|"
        "дата зміни|змінено|дата изменения|изменено|geändert am|letzte änderung"
    ),
}
STAY = {
    "external_id": (
        "booking id|booking|reservation|res|resv|reservation id|reservation no|reservation number|res no|res id|resv id|resno|stay id|folio|folio no|"
        "номер броні|номер бронювання|номер бронирования|номер брони|№ броні|№ брони|reservierungsnummer|"
        "buchungsnummer|numéro de réservation|número de reserva|localizador|ամրագրման համար|预订号|订单号|id"
    ),
    "arrival": (
        "arrival|arrival date|check in|checkin|check in date|checkin date|date in|start date|from|stay from|from date|"
        "заїзд|дата заїзду|дата поселення|заезд|дата заезда|дата въезда|anreise|anreisedatum|ankunft|arrivée|"
        "date d'arrivée|llegada|fecha de llegada|entrada|arrivo|data di arrivo|chegada|przyjazd|data przyjazdu|"
        "ժամանում|մուտք|入住|入住日期"
    ),
    "departure": (
        "departure|departure date|check out|checkout|check out date|checkout date|date out|end date|to|until|stay to|"
        "to date|виїзд|дата виїзду|выезд|дата выезда|abreise|abreisedatum|départ|date de départ|salida|"
        "fecha de salida|partenza|data di partenza|partida|saída|wyjazd|data wyjazdu|մեկնում|ելք|离店|离店日期"
    ),
    "lead_time": "lead time|lead days|days in advance",
    "room": "room|room no|room number|room nr|номер кімнати|кімната|номер комнаты|номер|комната|zimmer|zimmernummer|zimmer nr|chambre|habitación|camera|սենյակ|房号",
    "room_type": (
        "room type|room category|reserved room type|room type booked|booked room type|room type reserved|category|"
        "тип номера|тип номеру|категорія номера|категория номера|категория|zimmertyp|zimmerkategorie|"
        "type de chambre|tipo de habitación|սենյակի տեսակ|房型"
    ),
    "room_type_charged": "assigned room type|room type charged|upgraded room type|actual room type",
    "rate_plan": "rate plan|rate code|rate|tariff|тариф|тарифний план|тарифный план|ratencode|preisplan|tarif|tarifa|սակագին",
    "meal_plan": "meal plan|meal|board|board type|type of meal plan|meals|харчування|питание|verpflegung|pension|régimen|trattamento|սնունդ",
    "market": "market|market segment|market code|segment|market segment type|сегмент|ринок|рынок|marktsegment|segmento",
    "adults": "adults|adult|no of adults|number of adults|adult count|pax|persons|guests|дорослі|дорослих|взрослые|взрослых|erwachsene|personen|adultes|adultos|adulti|dorośli|մեծահասակ|成人",
    "children": "children|child|kids|no of children|number of children|діти|дітей|дети|детей|kinder|enfants|niños|bambini|dzieci|երեխա|儿童",
    "infants": "infants|babies|baby|infant|немовлята|младенцы|babys|kleinkinder|bébés|bebés",
    "purpose": "purpose|purpose of stay|trip purpose|мета візиту|мета поїздки|цель визита|цель поездки|reisezweck",
    "requests": "requests|special requests|guest requests|comment|comments|remarks|notes|побажання|коментар|пожелания|комментарий|wünsche|bemerkung|commentaires|comentarios",
    "request_count": "total of special requests|no of special requests|number of requests|request count",
    "parking_count": "required car parking spaces|required car parking space|parking spaces|parking",
    "change_count": "booking changes|number of changes|changes",
    "deposit_kind": "deposit type|deposit|guarantee|guarantee type|гарантія|гарантия|депозит",
    "eta": "eta|expected arrival time|arrival time|час заїзду|время заезда|ankunftszeit",
    "checked_in_at": "checked in at|actual check in|actual arrival|check in time|фактичний заїзд|фактический заезд",
    "checked_out_at": "checked out at|actual check out|actual departure|check out time|фактичний виїзд|фактический выезд",
    "rate_amount": "adr|average daily rate|rate amount|price per night|nightly rate|room rate|daily rate|avg price per room|ціна за ніч|цена за ночь|цена за сутки|preis pro nacht|prix par nuit|precio por noche|գիշերվա գին",
    "amount_room": "room revenue|room amount|accommodation|lodging revenue|room total|вартість проживання|проживання|стоимость проживания|проживание|logisumsatz|übernachtung",
    "amount_fb": "f b revenue|fb revenue|f&b|food and beverage|food beverage revenue|вартість харчування|ресторан|стоимость питания|питание сумма|f b umsatz",
    "amount_other": "other revenue|extras|extra revenue|other amount|додаткові послуги|доп услуги|дополнительные услуги|sonstige umsätze|extras amount",
    "amount_tax": "tax|taxes|vat amount|city tax|tax amount|податок|ндс|пдв|налог|steuer|mwst",
    "amount_total": "total|total amount|total revenue|amount|price|total price|revenue|grand total|booking amount|сума|загальна сума|вартість|сумма|итого|стоимость|всего|gesamt|gesamtbetrag|gesamtpreis|betrag|umsatz|montant|montant total|importe|total reserva|importo|kwota|ընդամենը|գումար|总价|金额",
    "balance": "balance|open balance|balance due|баланс|залишок|остаток|saldo|solde",
}
BOOKING = {
    "external_id": "master booking id|group id|booking group id|itinerary id|номер групової броні",
    "confirmation": "confirmation|confirmation no|confirmation number|conf no|conf number|booking reference|booking ref|reference|номер підтвердження|номер подтверждения|bestätigungsnummer|confirmation code",
    "channel_ref": "ota reference|ota booking id|channel reference|channel booking id|external reference|voucher|voucher no|third party id|номер ota|ваучер",
    "group_code": "group code|block code|group name|group|block|код групи|група|код группы|группа|gruppe",
}
RESERVATION = {
    "external_id": "reservation id|booking id|reservation no|reservation number|id|номер броні|номер брони|reservierungsnummer",
    "starts_at": "date and time|reservation time|reservation date time|datetime|date time|starts at|start|date|time|дата і час|дата та час|дата|дата и время|дата візиту|дата визита|datum|datum und uhrzeit|fecha|date et heure|ամսաթիվ",
    "covers": "covers|party size|guests|pax|persons|people|number of guests|seats|гостей|кількість гостей|осіб|кол во гостей|количество гостей|персон|personen|gäste|couverts|personas|coperti|հյուրերի քանակ|人数",
    "table": "table|table no|table number|tables|стіл|столик|стол|номер столу|номер стола|tisch|tischnummer|mesa|tavolo|սեղան|桌号",
    "outlet": "outlet|area|room|hall|section|зал|зона|bereich|salle|sala",
    "duration": "duration|duration minutes|minutes|тривалість|длительность|dauer",
    "occasion": "occasion|event|привід|повод|подія|anlass",
    "wishes": "wishes|notes|comment|comments|special requests|requests|remarks|побажання|коментар|пожелания|комментарий|wünsche|bemerkung",
    "deposit": "deposit|deposit amount|prepayment|депозит|передплата|предоплата|anzahlung",
}
CHECK = {
    "external_id": "check id|check no|check number|bill no|bill id|bill number|receipt|receipt no|receipt number|receipt id|invoice no|order id|order no|order number|transaction id|ticket no|номер чека|номер чеку|чек|№ чека|№ чеку|рахунок|номер рахунку|счет|номер счета|номер заказа|id чека|bon|bonnummer|belegnummer|rechnungsnummer|ticket|կտրոն|小票号|id",
    "number": "printed number|fiscal number",
    "business_date": "business date|date|day|accounting date|operational date|shift date|дата|дата чека|дата чеку|облікова дата|операционный день|учетный день|datum|geschäftstag|fecha|data|ամսաթիվ|日期",
    "opened_at": "opened at|open time|opened|time opened|start time|відкрито|час відкриття|открыт|время открытия|geöffnet",
    "closed_at": "closed at|close time|closed|time closed|paid at|datetime|date time|time|закрито|час закриття|закрыт|время закрытия|дата и время|дата і час|geschlossen|uhrzeit",
    "outlet": "outlet|revenue center|revenue centre|point of sale|pos|bar|зал|точка продажу|точка продаж|торговая точка|kasse|verkaufsstelle",
    "table": RESERVATION["table"],
    "covers": RESERVATION["covers"],
    "waiter": "waiter|server|employee|cashier|staff|офіціант|касир|официант|кассир|kellner|bedienung|serveur|camarero|cameriere|մատուցող",
    "amount_subtotal": "subtotal|net total|sub total|amount before tax|проміжний підсумок|сума без знижки|сумма без скидки|zwischensumme",
    "amount_discount": "discount|discount amount|знижка|скидка|rabatt|remise|descuento|sconto|զեղչ",
    "amount_service": "service charge|service|service fee|обслуговування|обслуживание|сервісний збір|servicegebühr",
    "amount_tax": STAY["amount_tax"],
    "amount_tip": "tip|tips|gratuity|чайові|чаевые|trinkgeld|pourboire|propina|mancia",
    "amount_total": STAY["amount_total"],
    "stay": "room stay id|folio id|reservation ref|stay ref",
    "daypart": "daypart|meal period|service period|shift|зміна|смена|schicht",
    "refund_of": "refund of|original receipt|refunded check",
}
CHARGE = {
    "external_id": "line id|item id|posting id|charge id|line no|posting no|id рядка|id строки",
    "name": "item|item name|dish|product|product name|description|article|menu item|name|posting|charge|service|страва|назва|товар|найменування|послуга|блюдо|название|наименование|услуга|artikel|bezeichnung|leistung|plat|article name|plato|producto|piatto|ուտեստ|անվանում|菜品",
    "code": "item code|sku|plu|product code|transaction code|trx code|article no|код|код страви|код товару|код блюда|код товара|артикул|artikelnummer",
    "category": "category|item category|group|menu group|product category|категорія|група|категория|группа|kategorie|warengruppe|catégorie|categoría",
    "department": "department|revenue group|відділ|отдел|abteilung|département|departamento",
    "quantity": "quantity|qty|count|units|кількість|к сть|количество|кол во|menge|anzahl|quantité|cantidad|quantità|ilość|քանակ|数量",
    "amount_gross": "amount|total|gross|gross amount|line total|sum|price total|сума|сумма|итого|betrag|summe|brutto|montant|importe|importo|kwota|գումար|金额",
    "amount_net": "net|net amount|amount net|без пдв|без ндс|netto",
    "amount_tax": STAY["amount_tax"],
    "business_date": CHECK["business_date"] + "|posting date|charge date",
    "window": "window|folio window|folio no",
    "state": "line status|posting status|line state",
    "stay": "stay id|reservation id|reservation no|reservation number|booking id|folio|folio no|номер броні|номер брони|номер бронювання|номер бронирования|reservierungsnummer",
    "reverses": "reverses|reversal of|corrects",
}
PAYMENT = {
    "external_id": "payment id|payment no|transaction id|id платежу|id платежа|zahlungsnummer",
    "paid_at": "paid at|payment date|payment time|date|datetime|paid on|дата оплати|дата платежу|дата оплаты|дата платежа|zahlungsdatum|datum",
    "method": "method|payment method|payment type|tender|tender type|спосіб оплати|тип оплати|способ оплаты|тип оплаты|zahlungsart|moyen de paiement|forma de pago|վճարման եղանակ|支付方式",
    "amount": "amount|payment amount|paid|paid amount|total|sum|сума|сума оплати|сумма|сумма оплаты|betrag|montant|importe|գումար|金额",
    "tip": CHECK["amount_tip"],
    "state": "payment status|payment state",
    "card_brand": "card brand|card type|scheme|тип картки|тип карты|kartentyp",
    "card_last4": "last4|last 4|card last4|last four",
    "stay": CHARGE["stay"],
}
YEAR = "year|arrival year|arrival date year|рік|год|jahr|année|año"
MONTH = "month|arrival month|arrival date month|місяць|месяц|monat|mois|mes"
DAY = "day|arrival day|arrival date|arrival date day of month|day of month|день|tag|jour|día"
NIGHTS = (
    "nights|no of nights|number of nights|length of stay|los|stay nights|room nights|stays in weekend nights|"
    "stays in week nights|weekend nights|week nights|no of weekend nights|no of week nights|ночей|ночі|кількість ночей|"
    "кількість діб|діб|кол во ночей|количество ночей|суток|nächte|übernachtungen|anzahl nächte|nuits|noches|notti|"
    "noce|գիշեր|天数|间夜"
)
TIME = "time|reservation time|start time|hour|час|час візиту|время|время визита|uhrzeit|zeit|heure|hora|ora|ժամ|时间"

BY_SLOT = {
    "booking": {**VISIT, **BOOKING},
    "stay": {**VISIT, **STAY},
    "reservation": {**VISIT, **RESERVATION},
    "check": {**VISIT, **CHECK},
    "charge": {**CHARGE, "currency": VISIT["currency"]},
    "payment": {**PAYMENT, "currency": VISIT["currency"]},
    "guest": PEOPLE,
    "booker": {},
    "company": COMPANY,
    "agency": AGENCY,
}
"""Words that say in front of a heading which person it is about."""
PREFIXES = {
    "booker": "booker|booked by|contact|замовник|заказчик|besteller",
    "company": "company|corporate|компанія|компания|firma",
    "agency": "agent|agency|travel agent|агент|агентство",
    "sharer": "sharer|second guest|guest 2|другий гість|второй гость",
    "companion": "companion|accompanying|супутник|сопровождающий",
    "payer": "payer|bill to|платник|плательщик",
    "guest": "guest|customer|client|primary guest|main guest|гість|гость|клієнт|клиент|gast|kunde",
}
